import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execute, uuidv7 } from '@nest-arch/database';
import { localSecret } from '@nest-arch/platform';
import { race } from '@nest-arch/testing';
import { decodeJwt } from 'jose';
import { type Given, password, startAuth } from '../testing/given.js';

let given: Given;
beforeAll(async () => {
  given = await startAuth();
});
afterAll(() => given.stop());

async function onTwoDevices() {
  const laptop = await given.signedIn();
  const body = { email: laptop.email, password };
  const headers = { 'user-agent': 'Phone/1.0 \u00e9' };
  const { body: phone } = await given.http.post('/v1/auth/login', body, { headers });
  return { laptop, phone, as: given.http.as(laptop.accessToken) };
}

async function check(sessions: object[], token = localSecret) {
  return given.http.post(
    '/internal/sessions/check',
    { sessions },
    { headers: { 'x-internal-token': token } },
  );
}

describe('sessions', () => {
  it('lists where a person is signed in', async () => {
    const { laptop, phone, as } = await onTwoDevices();
    const { body } = await as.get('/v1/auth/sessions');
    expect(body.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: laptop.sessionId, current: true }),
        expect.objectContaining({ id: phone.sessionId, current: false, userAgent: 'Phone/1.0' }),
      ]),
    );
  });

  it('signs out: the session is over, its tokens are revoked, and once more changes nothing', async () => {
    const { laptop, phone, as } = await onTwoDevices();
    expect((await as.post('/v1/auth/logout')).status).toBe(204);
    expect((await as.post('/v1/auth/logout')).status).toBe(204);

    expect((await given.refresh(laptop.refreshToken)).status).toBe(401);
    expect((await given.refresh(phone.refreshToken)).status).toBe(200);
    const [revoked, ended, ...rest] = (await given.announcements(laptop.userId)).slice(-2);
    expect(revoked).toMatchObject({ type: 'auth.session.revoked.v1', data: { sid: laptop.sessionId } });
    expect(ended).toMatchObject({ type: 'auth.session.ended.v1', data: { reason: 'logout' } });
    expect(rest).toEqual([]);
  });

  it('ends another session of the same person, and no one else’s', async () => {
    const { laptop, phone, as } = await onTwoDevices();
    const stranger = await given.signedIn();

    expect((await as.delete(`/v1/auth/sessions/${phone.sessionId}`)).status).toBe(204);
    for (const id of [phone.sessionId, stranger.sessionId, uuidv7()]) {
      const { status, body } = await as.delete(`/v1/auth/sessions/${id}`);
      expect([status, body.code]).toEqual([404, 'session.not_found']);
    }
    expect((await as.delete('/v1/auth/sessions/none')).status).toBe(400);
    expect((await given.refresh(phone.refreshToken)).status).toBe(401);
    expect((await given.refresh(stranger.refreshToken)).status).toBe(200);
    expect((await given.refresh(laptop.refreshToken)).status).toBe(200);
  });

  it('signs out everywhere else by one record that spares this session', async () => {
    const { laptop, phone, as } = await onTwoDevices();
    expect((await as.delete('/v1/auth/sessions')).status).toBe(204);

    expect((await given.refresh(phone.refreshToken)).status).toBe(401);
    const { body } = await given.refresh(laptop.refreshToken);
    expect(decodeJwt(body.accessToken)['ver']).toBe(1);
    const revoked = (await given.announcements(laptop.userId)).filter(({ type }) =>
      type.endsWith('revoked.v1'),
    );
    expect(revoked).toMatchObject([
      { data: { userId: laptop.userId, minVer: 1, exceptSid: laptop.sessionId } },
    ]);
    expect(
      (await check([{ sid: laptop.sessionId, userId: laptop.userId, ver: 0 }])).body.sessions[0].active,
    ).toBe(true);
  });

  it('lets no refresh slip past the end of its session', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { phone, as } = await onTwoDevices();
      const [, refreshed] = await race(2, (index) =>
        index === 0 ? as.delete('/v1/auth/sessions') : given.refresh(phone.refreshToken),
      );
      const body = refreshed?.status === 'fulfilled' ? refreshed.value.body : {};
      // Whichever came first: afterwards nothing of it is good any more.
      if (body.refreshToken) {
        expect(decodeJwt(body.accessToken)['ver']).toBe(0);
        expect((await given.refresh(body.refreshToken)).status).toBe(401);
      }
    }
  });

  it('makes a refresh wait for a change of its user and see all of it', async () => {
    const ended = await given.signedIn();
    const promoted = await given.signedIn();
    // A transaction that holds the user's row, as every revocation does, and commits while the refresh waits.
    const during = async (userId: string, sql: string, refreshToken: string) => {
      let refreshing: ReturnType<typeof given.refresh> | undefined;
      await given.db.transaction(async (tx) => {
        await execute(tx, `select 1 from users where user_id = $1 for no key update`, [userId]);
        refreshing = given.refresh(refreshToken);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await execute(tx, sql, [userId]);
      });
      return refreshing;
    };
    const end = `update sessions set ended_at = now(), end_reason = 'revoked' where user_id = $1`;
    expect((await during(ended.userId, end, ended.refreshToken))?.status).toBe(401);

    const promote = `update users set roles = '{admin}', ver = ver + 1 where user_id = $1`;
    const answer = await during(promoted.userId, promote, promoted.refreshToken);
    expect(decodeJwt(answer?.body.accessToken)).toMatchObject({ roles: ['admin'], ver: 1 });
  });

  it('needs a token for everything that is one’s own', async () => {
    for (const [method, path] of [
      ['POST', '/v1/auth/logout'],
      ['GET', '/v1/auth/sessions'],
      ['DELETE', '/v1/auth/sessions'],
      ['DELETE', `/v1/auth/sessions/${uuidv7()}`],
    ] as const) {
      expect((await given.http.request(method, path)).body.code).toBe('request.unauthenticated');
      const forged = await given.http.as('eyJhbGciOiJub25lIn0.e30.').request(method, path);
      expect(forged.status).toBe(401);
    }
  });
});

describe('session check for gateways', () => {
  it('says for each session whether a token of it is good', async () => {
    const live = await given.signedIn();
    const ended = await given.signedIn();
    await given.http.as(ended.accessToken).post('/v1/auth/logout');
    await given.run(`update sessions set min_ver = 3 where user_id = $1`, [live.userId]);

    const of = ({ sessionId: sid, userId }: typeof live, ver: number) => ({ sid, userId, ver });
    const { status, body } = await check([
      of(live, 3),
      of(live, 2),
      of(ended, 0),
      { sid: live.sessionId, userId: ended.userId, ver: 9 },
      { sid: uuidv7(), userId: uuidv7(), ver: Number.MAX_SAFE_INTEGER },
    ]);

    expect(status).toBe(200);
    const active = body.sessions.map((session: { active: boolean }) => session.active);
    expect(active).toEqual([true, false, false, false, false]);
  });

  it('answers only who has the internal token', async () => {
    const sessions = [{ sid: uuidv7(), userId: uuidv7(), ver: 0 }];
    expect((await check(sessions, 'wrong')).status).toBe(401);
    expect((await check([])).body.code ?? '').toBe('request.invalid');
  });
});
