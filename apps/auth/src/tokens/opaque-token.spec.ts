import { expect, it } from '@jest/globals';
import { uuidv7 } from '@nest-arch/database';
import { issueToken, parseToken } from './opaque-token.js';

it('reads back the user, the secret and the same hash', () => {
  const token = issueToken('rt', uuidv7());
  expect(parseToken('rt', token.text)).toEqual(token);
  expect(token.text).toMatch(/^rt_[\w-]{64}$/);
});

it('refuses other kinds, lengths and alphabets', () => {
  const { text } = issueToken('rt', uuidv7());
  const broken = [
    text.slice(1),
    `${text}A`,
    text.replace('rt_', 'ev_'),
    text.slice(0, -1),
    `rt_${'='.repeat(64)}`,
  ];
  for (const wrong of ['', 'rt_', ...broken]) expect(parseToken('rt', wrong)).toBeNull();
});
