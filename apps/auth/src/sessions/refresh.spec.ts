import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { many } from '@nest-arch/database';
import { race } from '@nest-arch/testing';
import { issueToken } from '../tokens/opaque-token.js';
import { type Given, startAuth } from '../testing/given.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

const makeGraceLapse = (userId: string) =>
  given.run(`update refresh_tokens set used_at = used_at - interval '11 seconds' where user_id = $1`, [
    userId,
  ]);

async function endOf(userId: string) {
  const [session] = await many<{ reason: string | null }>(
    given.db,
    `select end_reason as reason from sessions where user_id = $1`,
    [userId],
  );
  return session?.reason;
}

describe('refresh', () => {
  it('answers a new pair for the same session', async () => {
    const first = await given.signedIn();
    const { status, body } = await given.refresh(first.refreshToken);

    expect(status).toBe(200);
    expect(body.sessionId).toBe(first.sessionId);
    expect(body.refreshToken).not.toBe(first.refreshToken);
    expect(body.accessToken).not.toBe(first.accessToken);
    expect((await given.refresh(body.refreshToken)).status).toBe(200);
  });

  it('gives sixteen concurrent callers one and the same successor, each with an access token of its own', async () => {
    const { refreshToken, userId } = await given.signedIn();
    const answers = await race(16, () => given.refresh(refreshToken));

    const bodies = answers.map((each) => (each.status === 'fulfilled' ? each.value.body : undefined));
    expect(new Set(bodies.map((body) => body.refreshToken)).size).toBe(1);
    expect(bodies[0].refreshToken).toMatch(/^rt_/);
    expect(new Set(bodies.map((body) => body.accessToken)).size).toBe(16);
    const tokens = await many(given.db, `select 1 from refresh_tokens where user_id = $1`, [userId]);
    expect(tokens).toHaveLength(2);
    expect((await given.refresh(bodies[15].refreshToken)).status).toBe(200);
  });

  it('ends the session when a token comes back after its successor was used', async () => {
    const { refreshToken, userId, sessionId } = await given.signedIn();
    const { body: second } = await given.refresh(refreshToken);
    const { body: third } = await given.refresh(second.refreshToken);

    const reused = await given.refresh(refreshToken);

    expect([reused.status, reused.body.code]).toEqual([401, 'auth.refresh_token_invalid']);
    expect(await endOf(userId)).toBe('token_reuse');
    expect((await given.refresh(third.refreshToken)).status).toBe(401);
    expect(await given.auditActions(userId)).toContain('session.token_reused');
    const [revoked, ended] = (await given.announcements(userId)).slice(-2);
    expect(revoked).toMatchObject({ type: 'auth.session.revoked.v1', data: { userId, sid: sessionId } });
    expect(ended).toMatchObject({
      type: 'auth.session.ended.v1',
      data: { sessionId, reason: 'token_reuse' },
    });
  });

  it('ends the session when a token comes back after ten seconds', async () => {
    const { refreshToken, userId } = await given.signedIn();
    const { body: second } = await given.refresh(refreshToken);
    await makeGraceLapse(userId);

    expect((await given.refresh(refreshToken)).status).toBe(401);
    expect(await endOf(userId)).toBe('token_reuse');
    expect((await given.refresh(second.refreshToken)).status).toBe(401);
  });

  it('ends the family once when sixteen reuse at the same moment', async () => {
    const { refreshToken, userId } = await given.signedIn();
    await given.refresh(refreshToken);
    await makeGraceLapse(userId);
    const answers = await race(16, () => given.refresh(refreshToken));

    expect(answers.every((each) => each.status === 'fulfilled' && each.value.status === 401)).toBe(true);
    const types = await given.announcedTypes(userId);
    expect(types.filter((type) => type === 'auth.session.revoked.v1')).toHaveLength(1);
    const actions = await given.auditActions(userId);
    expect(actions.filter((action) => action === 'session.token_reused')).toHaveLength(1);
  });

  it('keeps the successor readable only until it is used', async () => {
    const { refreshToken, userId } = await given.signedIn();
    const readable = () =>
      many(given.db, `select 1 from refresh_tokens where user_id = $1 and successor_ciphertext is not null`, [
        userId,
      ]);
    const { body: second } = await given.refresh(refreshToken);
    expect(await readable()).toHaveLength(1);
    await given.run(
      `update refresh_tokens set successor_ciphertext = null where user_id = $1 and used_at is null`,
      [userId],
    );
    await given.refresh(second.refreshToken);
    const [left] = await many<{ used: boolean; parent: boolean }>(
      given.db,
      `select parent_hash is null as parent from refresh_tokens where user_id = $1 and successor_ciphertext is not null`,
      [userId],
    );
    // Only the second token's own successor is left; the first one's is gone.
    expect(await readable()).toHaveLength(1);
    expect(left?.parent).toBe(false);
  });

  it('refuses idle and absolutely expired sessions, without taking them for stolen', async () => {
    for (const column of ['idle_expires_at', 'expires_at']) {
      const { refreshToken, userId } = await given.signedIn();
      await given.run(`update sessions set ${column} = now() where user_id = $1`, [userId]);
      expect((await given.refresh(refreshToken)).status).toBe(401);
      expect(await endOf(userId)).toBeNull();
    }
  });

  it('never lives beyond the absolute end', async () => {
    const { refreshToken, userId } = await given.signedIn();
    await given.run(`update sessions set expires_at = now() + interval '1 minute' where user_id = $1`, [
      userId,
    ]);
    await given.refresh(refreshToken);
    const [session] = await many<{ inTime: boolean }>(
      given.db,
      `select idle_expires_at <= expires_at as "inTime" from sessions where user_id = $1`,
      [userId],
    );
    expect(session?.inTime).toBe(true);
  });

  it('announces the use of a session at most once in five minutes', async () => {
    const { refreshToken, userId } = await given.signedIn();
    const refreshed = async () =>
      (await given.announcedTypes(userId)).filter((type) => type === 'auth.session.refreshed.v1').length;
    const { body: second } = await given.refresh(refreshToken);
    expect(await refreshed()).toBe(0);
    await given.run(`update sessions set announced_at = now() - interval '6 minutes' where user_id = $1`, [
      userId,
    ]);
    const { body: third } = await given.refresh(second.refreshToken);
    await given.refresh(third.refreshToken);
    expect(await refreshed()).toBe(1);
  });

  it('refuses a disabled account', async () => {
    const { refreshToken, userId } = await given.signedIn();
    await given.run(`update users set status = 'disabled' where user_id = $1`, [userId]);
    expect((await given.refresh(refreshToken)).status).toBe(401);
  });

  it('refuses unknown and broken tokens alike', async () => {
    const { userId, refreshToken } = await given.signedIn();
    for (const text of [
      issueToken('rt', userId).text,
      `${refreshToken}x`,
      'x'.repeat(30),
      refreshToken.toLowerCase(),
    ]) {
      const { status, body } = await given.refresh(text);
      expect([status, body.code]).toEqual([401, 'auth.refresh_token_invalid']);
    }
    expect((await given.refresh('short')).body.code).toBe('request.invalid');
  });
});
