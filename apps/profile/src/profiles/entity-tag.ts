/** Entity tags of profiles, RFC 9110 section 8.8.3. A tag names a version, and what of it the reader may see. */
export function tagOf(version: number, view?: string): string {
  return view ? `"v${version}.${view}"` : `"v${version}"`;
}

/**
 * True when an If-Match or If-None-Match header names this tag. Weak tags count also for If-Match, where the RFC asks for
 * strong ones: a proxy that compresses makes ours weak, and it would lock people out of their profiles. The tag names one
 * version all the same.
 */
export function namesTag(header: string, tag: string): boolean {
  return header.split(',').some((part) => {
    const candidate = part.trim();
    return candidate === '*' || candidate.replace(/^W\//, '') === tag;
  });
}
