import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor, toPage } from './cursor.js';

const all = Array.from({ length: 10 }, (_, index) => ({ sequence: 10 - index }));

function read(limit: number, cursor?: string | null) {
  const from = cursor ? decodeCursor(cursor) : undefined;
  const newer = from?.direction === 'newer';
  const matching = all.filter(
    ({ sequence }) => !from || (newer ? sequence > from.sequence : sequence < from.sequence),
  );
  const rows = (newer ? matching.toReversed() : matching).slice(0, limit + 1);
  const page = toPage(rows, limit, from);
  return { ...page, sequences: page.items.map(({ sequence }) => sequence) };
}

describe('paging', () => {
  it('shows every item once, forwards and back', () => {
    const first = read(4);
    const second = read(4, first.nextCursor);
    const third = read(4, second.nextCursor);
    expect([first, second, third].flatMap(({ sequences }) => sequences)).toEqual([
      10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    ]);
    expect([first.prevCursor, third.nextCursor]).toEqual([null, null]);

    const back = read(4, third.prevCursor);
    expect(back.sequences).toEqual([6, 5, 4, 3]);
    expect(read(4, back.prevCursor).sequences).toEqual([10, 9, 8, 7]);
    expect(read(4, read(4, back.prevCursor).nextCursor).sequences).toEqual([6, 5, 4, 3]);
  });

  it('knows the way back from an empty page', () => {
    const end = read(4, encodeCursor({ direction: 'newer', sequence: 10 }));
    expect([end.sequences, end.prevCursor]).toEqual([[], null]);
    expect(read(4, end.nextCursor).sequences).toEqual([10, 9, 8, 7]);
  });

  it.each([
    '',
    'x',
    'b3h4',
    Buffer.from('o99999999999').toString('base64url'),
    Buffer.from('o4294967296').toString('base64url'),
  ])('refuses the cursor %j', (text) => {
    expect(() => decodeCursor(text)).toThrow('notification.invalid_cursor');
  });
});
