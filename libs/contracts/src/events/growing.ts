import { z } from 'zod';

/**
 * A word of a list that will grow: any string on the wire, so that a new word is no new version. Readers must expect words
 * that they do not know; producers and their types know the listed ones.
 */
export function growing<const W extends string>(...known: W[]): z.ZodType<W | (string & {})> {
  return z.string().meta({ description: `${known.join(', ')}; more may come` }) as unknown as z.ZodType<
    W | (string & {})
  >;
}
