import { z } from 'zod';

/** Query of every list: keyset paging, at most 100 items. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(512).optional(),
};

/** One page of a list. A row whose sort value does not change appears on exactly one page. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    prevCursor: z.string().nullable(),
  });
}
