import { z } from 'zod';

// Postgres text cannot hold NUL, and lone surrogates are not Unicode: both would be a 500 further down.
// Other control characters have no place in a name and can forge lines in logs and mails.
const forbidden =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** One line of human text: NFC, trimmed, no control characters, `max` in UTF-16 units. */
export function line(max: number) {
  return z
    .string()
    .max(max * 2)
    .transform((text, context) => {
      const tidy = text.normalize('NFC').trim();
      if (tidy.length === 0) context.addIssue({ code: 'custom', message: 'Must not be empty' });
      else if (tidy.length > max) context.addIssue({ code: 'custom', message: `At most ${max} characters` });
      else if (forbidden.test(tidy))
        context.addIssue({ code: 'custom', message: 'Control characters are not allowed' });
      return tidy;
    });
}

/** True when text can be stored by Postgres and encoded as UTF-8 without loss. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
