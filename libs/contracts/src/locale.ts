import { z } from 'zod';

/** A BCP 47 language tag in its canonical form (`pt-br` becomes `pt-BR`). */
export const locale = z
  .string()
  .min(2)
  .max(35)
  .transform((text, context) => {
    try {
      return Intl.getCanonicalLocales(text)[0] ?? z.NEVER;
    } catch {
      context.addIssue({ code: 'custom', message: 'Not a BCP 47 language tag' });
      return z.NEVER;
    }
  })
  .meta({ description: 'BCP 47 language tag', example: 'en-GB' });
