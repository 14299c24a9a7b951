/**
 * The one change a password suffers before it is hashed (NIST SP 800-63B-4, 3.1.1.2): NFKC, so that the same keys on
 * another keyboard give the same bytes.
 */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC');
}

/** Length as people count: code points after normalisation. */
export function passwordLength(password: string): number {
  return [...normalisePassword(password)].length;
}
