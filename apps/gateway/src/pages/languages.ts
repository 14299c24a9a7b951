export type Language = 'en' | 'de';

/** The language of ours that an Accept-Language header (RFC 9110 section 12.5.4) likes best; English where it has none. */
export function pickLanguage(header: string | undefined): Language {
  const wishes = (header ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const quality = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean);
    return { language: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
  });
  const known = wishes.filter(
    ({ language, quality }) => quality > 0 && (language === 'en' || language === 'de'),
  );
  known.sort((a, b) => b.quality - a.quality);
  return (known[0]?.language as Language | undefined) ?? 'en';
}
