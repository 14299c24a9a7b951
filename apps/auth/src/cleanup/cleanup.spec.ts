import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AUTH_CONFIG } from '../config.js';
import { type Given, startAuth } from '../testing/given.js';
import { Cleanup } from './cleanup.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

it('removes what has expired and keeps what has not', async () => {
  const gone = await given.signedIn();
  const kept = await given.signedIn();
  await given.register(given.address());
  await given.http.post(
    '/v1/auth/register',
    { email: given.address(), password: 'long enough to pass' },
    { headers: { 'idempotency-key': randomBytes(16).toString('hex') } },
  );
  await given.run(`update sessions set expires_at = now() - interval '2 days' where user_id = $1`, [
    gone.userId,
  ]);
  await given.run(`update refresh_tokens set expires_at = now() where user_id = $1`, [gone.userId]);
  await given.run(`update registration_attempts set created_at = now() - interval '9 days'`);
  await given.run(`update recipient_mails set last_sent_at = now() - interval '2 hours'`);
  await given.run(`update idempotency_keys set expires_at = now() - interval '1 second'`);
  await given.login(given.address());
  await given.run(`update sign_in_throttles set last_try_at = now() - interval '3 days'`);

  await new Cleanup(given.db, given.app.get(AUTH_CONFIG)).sweepAll();

  for (const table of ['registration_attempts', 'recipient_mails', 'idempotency_keys', 'sign_in_throttles'])
    expect([table, await given.countRows(table)]).toEqual([table, 0]);
  expect(await given.countRows('sessions')).toBe(1);
  expect((await given.refresh(kept.refreshToken)).status).toBe(200);
});
