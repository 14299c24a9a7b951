import { expect, it } from '@jest/globals';
import { rawHeaders, readHeaders } from './headers.js';

it('a header that has no value is as one that is not there', () => {
  const raw = { ce_id: null, ce_type: [null, Buffer.from('late')], other: undefined };
  expect(readHeaders(raw as never)).toEqual({ ce_type: 'late' });
  expect(rawHeaders(raw as never)).toEqual({ ce_type: Buffer.from('late') });
});

it('of a header that comes twice the first is read and both are passed on', () => {
  const raw = { a: [Buffer.from('1'), Buffer.from('2')] };
  expect(readHeaders(raw)).toEqual({ a: '1' });
  expect(rawHeaders(raw)).toEqual(raw);
});
