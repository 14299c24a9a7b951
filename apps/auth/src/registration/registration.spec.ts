import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maybeOne, one } from '@nest-arch/database';
import { race } from '@nest-arch/testing';
import { type Given, otherPassword, password, startAuth } from '../testing/given.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

const sent = { status: 'verification_sent' };

describe('registration', () => {
  it('creates a user without names, announces it, and mails a token', async () => {
    const email = given.address();

    const { status, body } = await given.register(email, { displayName: 'Ada Lovelace', locale: 'de-AT' });

    expect([status, body]).toEqual([202, sent]);
    const { userId, purpose, token, locale } = await given.lastMail(email);
    expect([purpose, locale]).toEqual(['email_verification', 'de-AT']);
    expect(token).toMatch(/^ev_/);
    const [registered, state] = await given.announcements(userId);
    expect(registered).toMatchObject({
      type: 'auth.user.registered.v1',
      version: 1,
      data: { source: 'self' },
    });
    expect(state).toMatchObject({
      type: 'auth.user.state.v1',
      version: 1,
      data: { email, emailVerified: false },
    });
    expect(state?.data).not.toHaveProperty('initialProfile');
  });

  it('keeps address, password and token out of everything that is stored or announced in clear', async () => {
    const email = given.address();
    await given.register(email, { password: 'a very secret pass phrase' });
    const { userId, token = '' } = await given.lastMail(email);

    const rows = await one<{ text: string }>(
      given.db,
      `select (select json_agg(o) from outbox o where key = $1 and type <> 'auth.user.state.v1')::text
           || (select json_agg(a) from registration_attempts a where user_id = $1::uuid)::text
           || (select json_agg(i) from identifiers i)::text
           || (select json_agg(l) from audit_log l where user_id = $1::uuid)::text as text`,
      [userId],
    );
    for (const secret of [email, token, 'secret pass phrase']) expect(rows.text).not.toContain(secret);
  });

  it('normalises the address', async () => {
    const email = given.address();
    await given.register(`  ${email.toUpperCase()} `);
    expect(await given.lastMail(email)).toMatchObject({ recipient: email });
  });

  it('answers the same for an address that waits, and keeps both attempts under one user', async () => {
    const email = given.address();
    await given.register(email, { displayName: 'First' });
    const again = await given.register(email, { displayName: 'Second', password: otherPassword });

    expect([again.status, again.body]).toEqual([202, sent]);
    const [first, second] = await given.mails(email);
    expect(second?.userId).toBe(first?.userId);
    expect(second?.token).not.toBe(first?.token);
    expect(await given.auditActions(first?.userId ?? '')).toEqual([
      'registration.started',
      'registration.repeated',
    ]);
  });

  it('answers the same for a taken address, and tells the owner alone', async () => {
    const { email, userId } = await given.account();
    const before = (await given.announcements(userId)).length;

    const { status, body } = await given.register(email, { password: otherPassword });

    expect([status, body]).toEqual([202, sent]);
    const mail = await given.lastMail(email);
    expect(mail.purpose).toBe('address_taken');
    expect(mail).not.toHaveProperty('token');
    expect(await given.announcements(userId)).toHaveLength(before + 1);
    expect((await given.login(email, { password: otherPassword })).status).toBe(401);
    expect((await given.login(email)).status).toBe(200);
  });

  it('costs the same for a new, a waiting and a taken address', async () => {
    const { email: taken } = await given.account();
    const waiting = given.address();
    await given.register(waiting);

    const costs = [];
    for (const email of [given.address(), waiting, taken]) {
      const { hashes, statements } = await given.costOf(() => given.register(email));
      costs.push({ hashes, statements });
    }
    expect(costs[0]?.hashes).toBe(1);
    expect(costs).toEqual([costs[0], costs[0], costs[0]]);
  });

  it('makes one user of sixteen first registrations at once', async () => {
    const email = given.address();
    const answers = await race(16, (index) => given.register(email, { displayName: `Number ${index}` }));

    expect(answers.map((each) => each.status === 'fulfilled' && each.value.status)).toEqual(
      Array(16).fill(202),
    );
    const { count } = await one<{ count: number }>(
      given.db,
      `select count(*)::int as count from users where email = $1`,
      [email],
    );
    expect(count).toBe(1);
    const { userId } = await given.lastMail(email);
    const types = await given.announcedTypes(userId);
    expect(types.filter((type) => type === 'auth.user.registered.v1')).toHaveLength(1);
  });

  it('sends an address at most five mails an hour, and answers as before', async () => {
    const email = given.address();
    const answers = await race(12, () => given.register(email));

    expect(answers.every((each) => each.status === 'fulfilled' && each.value.status === 202)).toBe(true);
    expect(await given.mails(email)).toHaveLength(5);
    await given.run(
      `update recipient_mails set sent_at = array(select t - interval '1 hour' from unnest(sent_at) t)`,
    );
    await given.register(email);
    expect(await given.mails(email)).toHaveLength(6);
  });

  it('does the work once for one Idempotency-Key', async () => {
    const email = given.address();
    const headers = { 'idempotency-key': 'k'.repeat(32) };
    const body = { email, password };
    const first = await given.http.post('/v1/auth/register', body, { headers });
    const second = await given.http.post('/v1/auth/register', body, { headers });
    const other = await given.http.post('/v1/auth/register', { ...body, locale: 'fr' }, { headers });

    expect([first.status, second.status, other.status]).toEqual([202, 202, 422]);
    expect(second.body).toEqual(first.body);
    expect(await given.mails(email)).toHaveLength(1);
  });

  it('refuses a short password and takes fifteen characters of any kind', async () => {
    const short = await given.register(given.address(), { password: 'fourteen chars' });
    expect([short.status, short.body.code]).toEqual([422, 'auth.password_too_short']);
    expect(short.body.errors).toEqual([{ field: 'password', message: 'At least 15 characters' }]);
    expect((await given.register(given.address(), { password: '𝒑'.repeat(14) })).status).toBe(422);
    expect((await given.register(given.address(), { password: 'п'.repeat(15) })).status).toBe(202);
  });

  it.each([
    ['a NUL', { password: `${password}\u0000` }, 'request.malformed_body'],
    ['257 characters', { password: 'x'.repeat(257) }, 'request.invalid'],
    ['a number as password', { password: 1234567890123456 }, 'request.invalid'],
    ['an unknown field', { roles: ['admin'] }, 'request.invalid'],
    ['a name of control characters', { displayName: 'a\nb' }, 'request.invalid'],
    ['no language', { locale: 'not a locale' }, 'request.invalid'],
  ])('refuses %s with 400', async (_name, body, code) => {
    const answer = await given.register(given.address(), body);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
  });

  it('refuses what is no address with 400', async () => {
    for (const email of ['nobody', 'a@b', '', 'a b@example.com', 7, null, ['a@example.com']])
      expect((await given.register(email as string)).status).toBe(400);
    expect(await maybeOne(given.db, `select 1 from users where email = 'nobody'`)).toBeNull();
  });
});
