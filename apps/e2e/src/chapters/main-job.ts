import { beforeAll, expect, it } from '@jest/globals';
import type { NotificationPage, OwnProfile, SessionTokens, StreamRecord } from '@nest-arch/contracts';
import { type HttpClient, readEvents, waitFor } from '@nest-arch/testing';
import type { Composed } from '../composed.ts';
import { Person } from '../person.ts';

/** The purpose of the platform, from registration to a live message. */
export function mainJob(of: () => Composed): void {
  let world: Composed;
  beforeAll(() => {
    world = of();
  });

  it('takes a person from registration to a live message', async () => {
    const ada = new Person(world);
    const registered = await ada.register();
    expect(registered).toMatchObject({ status: 202, body: { status: 'verification_sent' } });

    const early = await world.api.post('/v1/auth/login', { email: ada.email, password: ada.password });
    expect(early).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });

    await ada.verify();
    const me = await ada.signIn();
    const profile = await ada.profile(me);
    expect(profile).toMatchObject({ displayName: 'Ada Lovelace' });

    const { headers } = await me.get('/v1/users/me');
    const changed = await me.patch<OwnProfile>(
      '/v1/users/me',
      { bio: 'First of her kind' },
      { headers: { 'if-match': headers.get('etag') ?? '' } },
    );
    expect(changed).toMatchObject({ status: 200, body: { bio: 'First of her kind' } });

    const inbox = await welcomeOf(me);
    expect(inbox.items.map((item) => item.type)).toEqual(['account.welcome']);
    await waitFor(async () => ada.mails().length === 2, { timeoutMs: 15_000, what: 'the welcome mail' });
    expect(ada.mails().map((mail) => mail.parsed.subject)).toHaveLength(2);
  });

  it('shows what changes in the inbox live, on whichever replica the stream hangs, and resumes without gap', async () => {
    const me = await new Person(world, 'Grace Hopper').join();
    const { items, lastSequence } = await welcomeOf(me);
    const token = tokenOf(me);
    const stop = new AbortController();
    // From the sequence of the list on: whatever happens between list and stream is not lost.
    const from = { signal: stop.signal, lastEventId: String(lastSequence) };
    const first = collect(gatewayUrl(0), token, from);
    const second = collect(gatewayUrl(1), token, from);

    await me.post(`/v1/notifications/${items[0]?.id}/read`);
    await waitFor(async () => first.records.length === 1 && second.records.length === 1, {
      what: 'the read mark',
    });
    stop.abort();
    expect(first.records).toMatchObject([{ kind: 'read', id: items[0]?.id, sequence: lastSequence + 1 }]);
    expect(second.records).toEqual(first.records);

    const again = new AbortController();
    const resumed = collect(gatewayUrl(1), token, { signal: again.signal, lastEventId: '0' });
    await waitFor(async () => resumed.records.length >= 1, { what: 'what was missed' });
    again.abort();
    expect(resumed.ids).toEqual([...new Set(resumed.ids)].sort((a, b) => a - b));
    expect(resumed.ids.at(-1)).toBe(lastSequence + 1);
  });

  it('refuses a signed-out session at every gateway within a second', async () => {
    const person = new Person(world, 'Alan Turing');
    const me = await person.join();
    for (const replica of [0, 1]) expect(await readMe(replica, me)).toBe(200);

    expect((await me.post('/v1/auth/logout')).status).toBe(204);
    const signedOutAt = Date.now();
    for (const replica of [0, 1]) {
      await waitFor(async () => (await readMe(replica, me)) === 401, {
        timeoutMs: 1_000,
        intervalMs: 10,
        what: 'the refusal',
      });
    }
    expect(Date.now() - signedOutAt).toBeLessThan(1_000);
    const refresh = await world.api.post('/v1/auth/refresh', { refreshToken: person.tokens.refreshToken });
    expect(refresh.status).toBe(401);
  });

  it('hands sixteen concurrent refreshes one and the same successor', async () => {
    const person = new Person(world, 'Edsger Dijkstra');
    await person.join();
    const { refreshToken } = person.tokens;
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => world.api.post<SessionTokens>('/v1/auth/refresh', { refreshToken })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(16).fill(200));
    expect(new Set(answers.map((answer) => answer.body.refreshToken)).size).toBe(1);
  });

  it('tells strangers nothing about who has an account', async () => {
    const known = new Person(world, 'Barbara Liskov');
    await known.join();
    const again = await known.register();
    const unknown = await new Person(world, 'Nobody Known').register();
    expect([again.status, again.body]).toEqual([unknown.status, unknown.body]);

    const wrong = (email: string) =>
      world.api.post('/v1/auth/login', { email, password: 'not the passphrase' });
    const [one, other] = [await wrong(known.email), await wrong('nobody-at-all@example.com')];
    expect([one.status, one.body.code]).toEqual([other.status, other.body.code]);
  });

  it('counts sign-ups and active people once, whatever is delivered twice', async () => {
    const admin = new Person(world, 'Admin Person');
    await admin.join();
    const rows = await world.rows<{ user_id: string }>('auth', 'select user_id from users');
    await waitFor(
      async () => {
        const [row] = await world.rows<{ n: number }>(
          'analytics',
          'select coalesce(sum(sign_ups), 0)::int as n from daily_counts',
        );
        return row?.n === rows.length;
      },
      { timeoutMs: 15_000, what: 'every sign-up to be counted' },
    );
    expect((await world.api.get('/v1/admin/analytics/summary')).status).toBe(401);
    expect((await (await admin.signIn()).get('/v1/admin/analytics/summary')).status).toBe(403);
  });

  it('has one trace from the request to the mail', async () => {
    const person = new Person(world, 'Traced Person');
    const { headers } = await person.register();
    // The gateway starts the trace (a stranger's traceparent is not believed) and names it to the caller.
    const traceId = headers.get('x-request-id') ?? '';
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    await person.waitForLink('verify');
    const services = () =>
      new Set(world.collector.spans.filter((span) => span.traceId === traceId).map((span) => span.service));
    const wanted = ['gateway', 'auth', 'profile', 'notification'].map((name) => `nest-arch-${name}`);
    const found = async () => wanted.every((name) => services().has(name));
    await waitFor(found, { timeoutMs: 15_000, what: `spans of ${wanted.join(', ')} in one trace` });
  });

  function gatewayUrl(replica: number): string {
    return world.platform.service('gateway', replica).url;
  }

  async function readMe(replica: number, me: HttpClient): Promise<number> {
    const headers = { authorization: `Bearer ${tokenOf(me)}` };
    const response = await fetch(`${gatewayUrl(replica)}/v1/users/me`, { headers });
    await response.arrayBuffer();
    return response.status;
  }
}

function tokenOf(me: HttpClient): string {
  return (me as unknown as { defaults: { token: string } }).defaults.token;
}

function welcomeOf(me: HttpClient): Promise<NotificationPage> {
  const find = async () => {
    const { body } = await me.get<NotificationPage>('/v1/notifications');
    return body.items.length > 0 ? body : undefined;
  };
  return waitFor(find, { timeoutMs: 15_000, what: 'the welcome message' });
}

function collect(gateway: string, token: string, options: { signal: AbortSignal; lastEventId: string }) {
  const found = { records: [] as StreamRecord[], ids: [] as number[] };
  const headers = { authorization: `Bearer ${token}`, 'last-event-id': options.lastEventId };
  void (async () => {
    const stream = readEvents(`${gateway}/v1/notifications/stream`, { headers, signal: options.signal });
    for await (const event of stream) {
      if (!event.data) continue;
      found.records.push(JSON.parse(event.data) as StreamRecord);
      found.ids.push(Number(event.id));
    }
  })().catch(() => undefined);
  return found;
}
