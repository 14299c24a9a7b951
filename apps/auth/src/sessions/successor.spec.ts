import { randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { openSuccessor, sealSuccessor } from './successor.js';

it('opens for the token and the session that it was sealed for, and for no other', () => {
  const [secret, sessionId] = [randomBytes(32), randomUUID()];
  const sealed = sealSuccessor(secret, 'rt_next', sessionId);

  expect(openSuccessor(secret, sealed, sessionId)).toBe('rt_next');
  expect(() => openSuccessor(randomBytes(32), sealed, sessionId)).toThrow();
  expect(() => openSuccessor(secret, sealed, randomUUID())).toThrow();
});
