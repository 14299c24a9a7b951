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
export function toPage<T extends { sequence: number }>(rows: readonly T[], limit: number, from?: Cursor) {
  const more = rows.length > limit;
  const items = rows.slice(0, limit);
  return from?.direction === 'newer' ? newerPage(items.reverse(), more, from) : olderPage(items, more, from);
}

function olderPage<T extends { sequence: number }>(items: T[], more: boolean, from: Cursor | undefined) {
  const [newest, oldest] = [items.at(0), items.at(-1)];
  return {
    items,
    nextCursor: more && oldest ? encodeCursor({ direction: 'older', sequence: oldest.sequence }) : null,
    prevCursor: from
      ? encodeCursor({ direction: 'newer', sequence: newest?.sequence ?? Math.max(0, from.sequence - 1) })
      : null,
  };
}

function newerPage<T extends { sequence: number }>(items: T[], more: boolean, from: Cursor) {
  const [newest, oldest] = [items.at(0), items.at(-1)];
  return {
    items,
    // There is an older page: the one that we come from.
    nextCursor: encodeCursor({ direction: 'older', sequence: oldest?.sequence ?? from.sequence + 1 }),
    prevCursor: more && newest ? encodeCursor({ direction: 'newer', sequence: newest.sequence }) : null,
  };
}
