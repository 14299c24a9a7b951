import { inboxErrors } from './inbox.errors.js';

/** Where a page begins: items older or newer than a sequence. */
export interface Cursor {
  direction: 'older' | 'newer';
  sequence: number;
}

const form = /^([on])(\d{1,10})$/;

export function encodeCursor({ direction, sequence }: Cursor): string {
  return Buffer.from(`${direction[0]}${sequence}`).toString('base64url');
}

/** Throws notification.invalid_cursor. */
export function decodeCursor(text: string): Cursor {
  const match = form.exec(Buffer.from(text, 'base64url').toString());
  const sequence = Number(match?.[2]);
  // The column is a 32-bit integer; a larger number would be the database's error.
  if (!match || sequence > 2_147_483_647) throw inboxErrors.invalidCursor();
  return { direction: match[1] === 'o' ? 'older' : 'newer', sequence };
}

/** Cuts a page of `limit + 1` rows to `limit`, newest first, and says where the pages around it begin. */
export function toPage<T extends { sequence: number }>(
  rows: readonly T[],
  limit: number,
  from: Cursor | undefined,
) {
  const more = rows.length > limit;
  const items = rows.slice(0, limit);
  if (from?.direction === 'newer') items.reverse();
  const newest = items.at(0)?.sequence ?? from?.sequence;
  const oldest = items.at(-1)?.sequence ?? (from?.direction === 'newer' ? from.sequence + 1 : undefined);
  const hasOlder = from?.direction === 'newer' || more;
  const hasNewer = from?.direction === 'newer' ? more : from !== undefined;
  return {
    items,
    nextCursor:
      hasOlder && oldest !== undefined ? encodeCursor({ direction: 'older', sequence: oldest }) : null,
    prevCursor:
      hasNewer && newest !== undefined ? encodeCursor({ direction: 'newer', sequence: newest }) : null,
  };
}
