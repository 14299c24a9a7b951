/** Languages that every template has. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

export const defaultLanguage: Language = 'en';

/** The first candidate whose language we have; `de-AT` is served by `de`. Candidates come in the order of their rank. */
export function pickLanguage(...candidates: readonly (string | null | undefined)[]): Language {
  for (const candidate of candidates) {
    const language = candidate ? languageOf(candidate) : undefined;
    if (language) return language;
  }
  return defaultLanguage;
}

function languageOf(tag: string): Language | undefined {
  const primary = tag.split(/[-_]/, 1)[0]?.toLowerCase();
  return languages.find((language) => language === primary);
}
