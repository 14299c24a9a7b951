import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { one } from '@nest-arch/database';
import { race } from '@nest-arch/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { standInId } from '../users/stand-in.js';
import { Identifiers } from '../users/identifiers.js';
import { type Given, otherPassword, password, startApp, startAuth } from '../testing/given.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterEach(() => given.run('truncate sign_in_throttles'));
afterAll(() => given.stop());

describe('sign-in', () => {
  it('answers tokens that say who, for how long, and with which rights', async () => {
    const { email, userId } = await given.account();
    const { status, body, headers } = await given.login(email);

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ status: 'authenticated', tokenType: 'Bearer', expiresIn: 600 });
    expect(decodeProtectedHeader(body.accessToken)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const claims = decodeJwt(body.accessToken);
    expect(claims).toMatchObject({
      ...{ iss: 'nest-arch', aud: 'nest-arch', sub: userId, client_id: 'first-party' },
      ...{ sid: body.sessionId, ver: 0, roles: [], region: 'default' },
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
    expect(claims.jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('announces and audits the session', async () => {
    const { userId, sessionId } = await given.signedIn();
    const started = (await given.announcements(userId)).at(-1);
    expect(started).toMatchObject({
      type: 'auth.session.started.v1',
      data: { sessionId, method: 'password' },
    });
    expect(await given.auditActions(userId)).toContain('sign_in.succeeded');
  });

  it('answers and costs the same for an unknown address, a wrong password and one that waits for its mail', async () => {
    const { email: taken } = await given.account();
    const waiting = given.address();
    // A stranger who registers both and then signs in must not learn which of them was new.
    for (const email of [taken, waiting]) await given.register(email, { password: otherPassword });
    const costs = [];
    for (const address of [taken, waiting, given.address()])
      costs.push(await given.costOf(() => given.login(address, { password: otherPassword })));

    const [known, registered, unknown] = costs.map(({ result, ...cost }) => {
      const { traceId: _, ...problem } = result.body;
      return { ...cost, status: result.status, problem };
    });
    expect(known).toMatchObject({ status: 401, hashes: 1, problem: { code: 'auth.invalid_credentials' } });
    expect(registered).toEqual(known);
    expect(unknown).toEqual(known);
  });

  it('counts tries with the password of an attempt like any other', async () => {
    const [waiting, unknown] = [given.address(), given.address()];
    await given.register(waiting);
    const statusesOf = async (email: string) => {
      const statuses = [];
      for (let tries = 0; tries < 11; tries += 1) statuses.push((await given.login(email)).status);
      return statuses;
    };
    const statuses = await statusesOf(waiting);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    expect(await statusesOf(unknown)).toEqual(statuses);
  });

  it('audits failures, also of addresses that belong to nobody', async () => {
    const { email, userId } = await given.account();
    await given.login(email, { password: otherPassword });
    const unknown = given.address();
    await given.login(unknown);

    expect(await given.auditActions(userId)).toContain('sign_in.failed');
    const failed = (await given.announcements(userId)).at(-1);
    expect(failed).toMatchObject({ type: 'auth.sign_in.failed.v1', data: { reason: 'wrong_password' } });
    const standIn = standInId(given.app.get(Identifiers, { strict: false }).hash(unknown));
    expect(await given.auditActions(standIn)).toEqual(['sign_in.failed']);
    expect(await given.announcements(standIn)).toEqual([]);
  });

  it('tells what is wrong with the account only after the right password', async () => {
    // As in an account that was opened while REQUIRE_VERIFIED_EMAIL was off.
    const { email: unverified, userId: opened } = await given.account();
    await given.run(`update users set email_verified_at = null where user_id = $1`, [opened]);
    const { email: disabled, userId } = await given.account();
    await given.run(`update users set status = 'disabled' where user_id = $1`, [userId]);

    const codeOf = async (email: string, body = {}) => (await given.login(email, body)).body.code;
    expect(await codeOf(unverified, { password: otherPassword })).toBe('auth.invalid_credentials');
    expect(await codeOf(unverified)).toBe('auth.email_unverified');
    expect(await codeOf(disabled, { password: otherPassword })).toBe('auth.invalid_credentials');
    expect(await codeOf(disabled)).toBe('auth.disabled');
  });

  it('compares passwords after NFKC', async () => {
    const { email } = await given.account(undefined, { password: 'ﬁfteen characters ①' });
    expect((await given.login(email, { password: 'fifteen characters 1' })).status).toBe(200);
  });

  it('strengthens a hash that was made with less than is asked for today', async () => {
    const { email, userId } = await given.account();
    const hashOf = async () =>
      (await one<{ hash: string }>(given.db, `select hash from passwords where user_id = $1`, [userId])).hash;
    expect(await hashOf()).toContain('m=7168,t=1');
    const stronger = await startApp(given.database.url, {
      env: { ARGON2_MEMORY_KIB: '8192', ARGON2_ITERATIONS: '2' },
    });
    try {
      const { payload } = await stronger.inject({
        method: 'POST',
        url: '/v1/auth/login',
        payload: { email, password },
      });
      expect(JSON.parse(payload).status).toBe('authenticated');
      expect(await hashOf()).toContain('m=8192,t=2');
    } finally {
      await stronger.close();
    }
    expect((await given.login(email)).status).toBe(200);
  });

  it('refuses too many hashes at once with 503 instead of queueing them', async () => {
    const tight = await startAuth({
      env: { PASSWORD_QUEUE_LIMIT: '1', SIGN_IN_FREE_TRIES: '100', ARGON2_ITERATIONS: '20' },
    });
    try {
      const email = tight.address();
      const answers = await race(24, () => tight.login(email));
      const values = answers.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
      const busy = values.filter((each) => each?.body.code === 'auth.busy');
      expect(busy.length).toBeGreaterThan(0);
      expect([busy[0]?.status, busy[0]?.headers.get('retry-after')]).toEqual([503, '1']);
      expect(values.some((each) => each?.status === 401)).toBe(true);
    } finally {
      await tight.stop();
    }
  });

  it('refuses a 257-character password and unknown fields with 400', async () => {
    for (const body of [
      { password: 'x'.repeat(257) },
      { password: '' },
      { remember: true },
      { email: { a: 1 } },
    ])
      expect((await given.login(given.address(), body)).body.code).toBe('request.invalid');
  });
});

describe('brute force', () => {
  it('lets only the free tries of two hundred parallel ones reach the password', async () => {
    const { email } = await given.account();
    const started = performance.now();
    const { result, hashes } = await given.costOf(() =>
      race(200, () => given.login(email, { password: otherPassword })),
    );
    // After the free ones one more each time that the wait, which doubles, has passed on a slow machine.
    const lapsed = Math.floor(Math.log2(1 + (performance.now() - started) / 1_000));
    const statuses = result.map((each) => (each.status === 'fulfilled' ? each.value.status : 0));
    expect(statuses.filter((status) => status === 401)).toHaveLength(hashes);
    expect(statuses.filter((status) => status === 429)).toHaveLength(200 - hashes);
    expect(hashes).toBeGreaterThanOrEqual(10);
    expect(hashes).toBeLessThanOrEqual(10 + lapsed);
  });

  it('says how long to wait, longer each time, the same for unknown addresses', async () => {
    for (const email of [(await given.account()).email, given.address()]) {
      const waits = [];
      for (let tries = 0; tries < 13; tries += 1) {
        const { status, headers } = await given.login(email, { password: otherPassword });
        if (status !== 429) continue;
        waits.push(Number(headers.get('retry-after')));
        await given.run(`update sign_in_throttles set blocked_until = now()`);
      }
      expect(waits).toEqual([2, 4]);
      await given.run(`update sign_in_throttles set tries = 200, blocked_until = now()`);
      await given.login(email, { password: otherPassword });
      const { body, headers } = await given.login(email, { password: otherPassword });
      expect([body.code, headers.get('retry-after')]).toEqual(['auth.too_many_tries', '900']);
    }
  });

  it('starts anew after a right password, and after a day', async () => {
    const { email } = await given.account();
    for (let tries = 0; tries < 9; tries += 1) await given.login(email, { password: otherPassword });
    expect((await given.login(email)).status).toBe(200);
    expect(await given.countRows('sign_in_throttles')).toBe(0);

    for (let tries = 0; tries < 10; tries += 1) await given.login(email, { password: otherPassword });
    expect((await given.login(email)).status).toBe(429);
    await given.run(
      `update sign_in_throttles set last_try_at = now() - interval '25 hours', blocked_until = now()`,
    );
    await given.login(email, { password: otherPassword });
    expect((await given.login(email)).status).toBe(200);
  });
});
