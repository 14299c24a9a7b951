import { z } from 'zod';

const maxAddressLength = 254; // RFC 5321 4.5.3.1.3, less the angle brackets
const maxLocalLength = 64; // RFC 5321 4.5.3.1.1

// RFC 5322 atext with dots in between; RFC 6532 lets everything above ASCII in as well. Quoted local parts are refused:
// no mailbox provider issues them, and they are a classic for header injection.
const localPart = /^[\p{L}\p{N}\p{M}!#$%&'*+\-/=?^_`{|}~]+(\.[\p{L}\p{N}\p{M}!#$%&'*+\-/=?^_`{|}~]+)*$/u;
const domainLabels = /^(?=.{1,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,63}$/;

/**
 * The one form in which an address is stored, compared and hashed: NFC, lower case, domain in its ASCII form (IDNA, UTS 46).
 * Dots and plus tags stay: they are the owner's business. Null when the text is not an address.
 */
export function normaliseEmailAddress(text: string): string | null {
  const address = text.trim().normalize('NFC').toLowerCase();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = toAsciiDomain(address.slice(at + 1));
  if (at < 1 || !domain || local.length > maxLocalLength || !localPart.test(local)) return null;
  const normalised = `${local}@${domain}`;
  return new TextEncoder().encode(normalised).length <= maxAddressLength ? normalised : null;
}

function toAsciiDomain(domain: string): string | null {
  // The URL parser would cut or decode these; as part of a mail domain they are all wrong.
  if (/[\s/?#@:%[\]\\<>]/.test(domain) || !URL.canParse(`http://${domain}/`)) return null;
  const ascii = new URL(`http://${domain}/`).hostname;
  return domainLabels.test(ascii) ? ascii : null;
}

/** An e-mail address, normalised once and here; every schema that takes an address uses this one. */
export const emailAddress = z
  .string()
  .max(320)
  .transform((text, context) => {
    const address = normaliseEmailAddress(text);
    if (address) return address;
    context.addIssue({ code: 'custom', message: 'Not an e-mail address' });
    return z.NEVER;
  })
  .meta({
    description: 'An e-mail address; stored in NFC, lower case, domain in ASCII',
    example: 'ada@example.com',
  });
