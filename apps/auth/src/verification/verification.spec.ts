import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '@nest-arch/testing';
import { issueToken } from '../tokens/opaque-token.js';
import { type Given, otherPassword, password, startAuth } from '../testing/given.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

async function registered(body: Record<string, unknown> = {}) {
  const email = given.address();
  await given.register(email, body);
  const { userId, token = '' } = await given.lastMail(email);
  return { email, userId, token };
}

const resend = (email: string) => given.http.post('/v1/auth/email/verify/resend', { email });

describe('verification', () => {
  it('activates the attempt: names and language go into the state, and sign-in works', async () => {
    const { email, userId, token } = await registered({ displayName: 'Ada', locale: 'en-GB' });
    expect((await given.login(email)).body.code).toBe('auth.invalid_credentials');

    expect((await given.verify(token)).status).toBe(204);

    const verified = (await given.announcements(userId)).filter(({ version }) => version === 2);
    expect(verified).toMatchObject([
      { type: 'auth.user.email_verified.v1', data: { source: 'self' } },
      {
        type: 'auth.user.state.v1',
        data: { emailVerified: true, locale: 'en-GB', initialProfile: { displayName: 'Ada' } },
      },
    ]);
    expect((await given.login(email)).status).toBe(200);
  });

  it('takes the password that belongs to the attempt, and no other', async () => {
    const { token, userId } = await registered();
    const wrong = await given.verify(token, { password: otherPassword });
    expect([wrong.status, wrong.body.code]).toEqual([403, 'auth.password_mismatch']);
    expect(await given.auditActions(userId)).toContain('verification.password_mismatch');
    expect((await given.verify(token, { password })).status).toBe(204);
  });

  it("activates one attempt alone: a stranger's earlier registration ends without a trace of it", async () => {
    const email = given.address();
    await given.register(email, { displayName: 'Stranger', locale: 'de', password: otherPassword });
    await given.register(email, { displayName: 'Owner' });
    const [stranger, owner] = await given.mails(email);

    expect((await given.verify(owner?.token ?? '', { password })).status).toBe(204);

    expect((await given.verify(stranger?.token ?? '')).body.code).toBe('auth.token_invalid');
    expect((await given.login(email, { password: otherPassword })).status).toBe(401);
    expect((await given.login(email)).status).toBe(200);
    const states = (await given.announcements(owner?.userId)).filter(
      ({ type }) => type === 'auth.user.state.v1',
    );
    expect(JSON.stringify(states)).not.toContain('Stranger');
    expect(states.at(-1)).toMatchObject({ data: { locale: null, initialProfile: { displayName: 'Owner' } } });
  });

  it('lets one of sixteen concurrent callers spend a token', async () => {
    const { token, userId } = await registered();
    const answers = await race(16, () => given.verify(token));

    const statuses = answers.map((each) => each.status === 'fulfilled' && each.value.status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(15);
    const types = await given.announcedTypes(userId);
    expect(types.filter((type) => type === 'auth.user.email_verified.v1')).toHaveLength(1);
  });

  it('refuses unknown, foreign, expired and broken tokens alike', async () => {
    const { token, userId } = await registered();
    await given.run(`update registration_attempts set expires_at = now() where user_id = $1`, [userId]);
    const unknown = issueToken('ev', userId).text;
    const broken = [
      'ev_' + '!'.repeat(64),
      randomBytes(48).toString('base64url'),
      token.replace('ev_', 'rt_'),
    ];
    for (const text of [token, unknown, ...broken]) {
      const { status, body } = await given.verify(text);
      expect([status, body.code]).toEqual([400, 'auth.token_invalid']);
    }
  });

  it('sends the mail again under another token, and the older one stays good', async () => {
    const { email, token } = await registered({ locale: 'de' });
    const answer = await resend(email);

    expect([answer.status, answer.body]).toEqual([202, { status: 'verification_sent' }]);
    const mails = await given.mails(email);
    expect(mails).toHaveLength(2);
    expect(mails[1]).toMatchObject({ locale: 'de', purpose: 'email_verification' });
    expect(mails[1]?.token).not.toBe(token);
    expect((await given.verify(mails[1]?.token ?? '', { password })).status).toBe(204);
  });

  it('answers and costs the same when there is nothing to send', async () => {
    const { email: waiting } = await registered();
    const { email: proven } = await given.account();
    const answers = [];
    for (const email of [waiting, proven, given.address()])
      answers.push(await given.costOf(() => resend(email)));

    for (const { result, hashes, statements } of answers) {
      expect([result.status, hashes, statements]).toEqual([202, 0, answers[0]?.statements]);
      expect(result.body).toEqual(answers[0]?.result.body);
    }
    expect(
      (await given.mails(proven)).filter(({ purpose }) => purpose === 'email_verification'),
    ).toHaveLength(1);
  });

  it('keeps to five mails an hour with resending', async () => {
    const { email } = await registered();
    await race(12, () => resend(email));
    expect(await given.mails(email)).toHaveLength(5);
  });

  it('signs everybody out when an address that needed no proof is proven by somebody else', async () => {
    const open = await startAuth({ env: { REQUIRE_VERIFIED_EMAIL: 'false' } });
    try {
      const email = open.address();
      await open.register(email, { displayName: 'Squatter', password: otherPassword });
      const { body: squatter } = await open.login(email, { password: otherPassword });
      expect(squatter.status).toBe('authenticated');
      await open.register(email, { displayName: 'Owner' });
      const { userId, token = '' } = await open.lastMail(email);

      expect((await open.verify(token, { password })).status).toBe(204);

      expect((await open.refresh(squatter.refreshToken)).status).toBe(401);
      expect((await open.login(email, { password: otherPassword })).status).toBe(401);
      expect((await open.login(email)).status).toBe(200);
      const revoked = (await open.announcements(userId)).find(
        ({ type }) => type === 'auth.session.revoked.v1',
      );
      expect(revoked?.data).toMatchObject({ userId, minVer: 1 });
    } finally {
      await open.stop();
    }
  });
});
