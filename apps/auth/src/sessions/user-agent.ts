const longest = 256;

/** A User-Agent header as it may be stored and shown: printable ASCII, bounded. Null when nothing is left. */
export function tidyUserAgent(header: string | undefined): string | null {
  const tidy = header
    ?.replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, longest);
  return tidy || null;
}
