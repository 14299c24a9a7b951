import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NotificationPage, StreamRecord } from '@nest-arch/contracts';
import { execute, uuidv7 } from '@nest-arch/database';
import { race, waitFor, type HttpClient } from '@nest-arch/testing';
import { followInbox } from '../testing/follow-inbox.js';
import { startHarness, type Harness, type Instance } from '../testing/harness.js';
import { InboxStreams } from './inbox-streams.js';
import { listChanges } from './inbox.queries.js';
import { Inbox } from './inbox.service.js';

let harness: Harness;
let here: Instance;
let there: Instance;

beforeAll(async () => {
  harness = await startHarness({ consuming: false });
  [here, there] = await Promise.all([harness.start({ STREAMS_PER_USER: '3' }), harness.start()]);
});

afterAll(() => harness.stop());

async function person(): Promise<{ userId: string; token: string; http: HttpClient }> {
  const userId = uuidv7();
  const token = await harness.issuer.tokenOf(userId);
  return { userId, token, http: here.http.as(token) };
}

const sequencesOf = ({ items }: NotificationPage) => items.map(({ sequence }) => sequence);

async function add(userId: string, { count = 1, on = here, type = 'account.welcome' } = {}): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await harness.db.transaction((tx) => on.app.get(Inbox).add(tx, { userId, type, causeId: uuidv7() }));
  }
}

describe('the list', () => {
  it('is empty for a new person', async () => {
    const { http } = await person();
    expect((await http.get('/v1/notifications')).body).toEqual({
      items: [],
      nextCursor: null,
      prevCursor: null,
      lastSequence: 0,
    });
    expect((await http.get('/v1/notifications/unread-count')).body).toEqual({ unread: 0, lastSequence: 0 });
  });

  it('is newest first, in pages, each item once', async () => {
    const { userId, http } = await person();
    await add(userId, { count: 5 });
    const first = await http.get('/v1/notifications?limit=2');
    const second = await http.get(`/v1/notifications?limit=2&cursor=${first.body.nextCursor}`);
    const third = await http.get(`/v1/notifications?limit=2&cursor=${second.body.nextCursor}`);
    const sequences = [first, second, third].flatMap(({ body }) => sequencesOf(body));
    expect(sequences).toEqual([5, 4, 3, 2, 1]);
    expect(third.body.nextCursor).toBeNull();
    const back = await http.get(`/v1/notifications?limit=2&cursor=${third.body.prevCursor}`);
    expect(back.body.items).toEqual(second.body.items);
  });

  it('says the texts in the language that the person has now', async () => {
    const { userId, http } = await person();
    await add(userId);
    expect((await http.get('/v1/notifications')).body.items[0].title).toBe('Welcome to Example!');
    await execute(
      harness.db,
      `insert into contacts (user_id, display_name, profile_locale, auth_locale, profile_version) values ($1, $2, $3, $4, 1)`,
      [userId, 'Ada', 'de-CH', 'en'],
    );
    expect((await http.get('/v1/notifications')).body.items[0].title).toBe('Willkommen bei Example, Ada!');
  });

  it('shows nothing of other people', async () => {
    const [owner, stranger] = [await person(), await person()];
    await add(owner.userId);
    const [item] = (await owner.http.get('/v1/notifications')).body.items;
    expect((await stranger.http.get('/v1/notifications')).body.items).toEqual([]);
    expect((await stranger.http.post(`/v1/notifications/${item.id}/read`)).body.code).toBe(
      'notification.not_found',
    );
    expect((await owner.http.get('/v1/notifications/unread-count')).body.unread).toBe(1);
  });
});

describe('reading', () => {
  it('takes the next sequence once, however often and at once it is said', async () => {
    const { userId, http } = await person();
    await add(userId, { count: 3 });
    const [item] = (await http.get('/v1/notifications')).body.items;
    const answers = await race(16, () => http.post(`/v1/notifications/${item.id}/read`));
    const bodies = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.body : null));
    expect(new Set(bodies.map((body) => JSON.stringify(body)))).toEqual(
      new Set(['{"lastSequence":4,"unread":2}']),
    );
    const unread = await http.get('/v1/notifications?unread=true');
    expect(sequencesOf(unread.body)).toEqual([2, 1]);
  });

  it('all leaves what is newer than the point that was seen', async () => {
    const { userId, http } = await person();
    await add(userId, { count: 4 });
    expect((await http.post('/v1/notifications/read-all', { upTo: 3 })).body).toEqual({
      unread: 1,
      lastSequence: 5,
    });
    expect((await http.post('/v1/notifications/read-all')).body).toEqual({ unread: 0, lastSequence: 6 });
    expect((await http.post('/v1/notifications/read-all')).body).toEqual({ unread: 0, lastSequence: 6 });
  });
});

describe('sequences', () => {
  it('have no gap and no double under 16 writers and readers, and whoever follows misses none', async () => {
    const { userId, http } = await person();
    const seen: number[] = [];
    let writing = true;
    const follower = (async () => {
      for (let more = true; more;) {
        // Asked before the page: what the last writer adds while an empty page is on its way is in the next one.
        const mayComeMore = writing;
        const changes = await listChanges(harness.db, { userId, after: seen.at(-1) ?? 0, limit: 7 });
        seen.push(...changes.map(({ at }) => at));
        more = mayComeMore || changes.length > 0;
      }
    })();
    await race(16, async (index) => {
      for (let round = 0; round < 8; round += 1) {
        if (index % 4 === 3) await readSome(http, round);
        else await add(userId, { on: index % 2 ? here : there });
      }
    });
    writing = false;
    await follower;
    const { lastSequence } = (await http.get('/v1/notifications/unread-count')).body;
    expect(lastSequence).toBeGreaterThanOrEqual(96);
    expect(seen).toEqual(Array.from({ length: lastSequence }, (_, index) => index + 1));
    await expectUnreadToBeRight(userId, http);
  });

  async function readSome(http: HttpClient, round: number): Promise<void> {
    const { items } = (await http.get('/v1/notifications?unread=true&limit=2')).body;
    if (round % 4 === 3) await http.post('/v1/notifications/read-all');
    else for (const { id } of items) await http.post(`/v1/notifications/${id}/read`);
  }

  async function expectUnreadToBeRight(userId: string, http: HttpClient): Promise<void> {
    const { unread } = (await http.get('/v1/notifications/unread-count')).body;
    const counted = await execute(
      harness.db,
      'select 1 from inbox_items where user_id = $1 and read_at is null',
      [userId],
    );
    expect(unread).toBe(counted);
  }
});

describe('the stream', () => {
  it('begins now, and tells items and marks in their order', async () => {
    const { userId, token, http } = await person();
    await add(userId, { count: 2 });
    const stream = followInbox(here.url, token);
    await stream.opened;
    await add(userId);
    await waitFor(() => stream.records.length === 1);
    const item = (stream.records[0] as Extract<StreamRecord, { kind: 'item' }>).item;
    await http.post(`/v1/notifications/${item.id}/read`);
    await http.post('/v1/notifications/read-all');
    await waitFor(() => stream.records.length === 3);
    expect(stream.ids).toEqual([3, 4, 5]);
    expect(stream.records).toMatchObject([
      { kind: 'item', item: { sequence: 3, title: 'Welcome to Example!', readAt: null } },
      { kind: 'read', id: item.id, sequence: 4 },
      { kind: 'read_all', upTo: 4, sequence: 5 },
    ]);
    stream.close();
  });

  it('continues after the last record without gap or repeat, however often it is cut', async () => {
    const { userId, token } = await person();
    const ids: number[] = [];
    const writer = add(userId, { count: 250, on: there });
    for (let cut = 0; cut < 12 || ids.length < 250; cut += 1) {
      const stream = followInbox(cut % 2 ? here.url : there.url, token, ids.at(-1) ?? 0);
      const enough = Math.min(20, 250 - ids.length);
      await waitFor(() => stream.ids.length >= enough);
      stream.close();
      ids.push(...stream.ids);
    }
    await writer;
    expect(ids).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it('of one replica shows at once what another has stored', async () => {
    const { userId, token } = await person();
    const [first, second] = [followInbox(here.url, token), followInbox(there.url, token)];
    await Promise.all([first.opened, second.opened]);
    const times: number[] = [];
    for (let count = 2; count <= 10; count += 2) {
      const started = performance.now();
      await add(userId, { on: there });
      await waitFor(() => first.ids.length + second.ids.length === count, { intervalMs: 2 });
      times.push(performance.now() - started);
    }
    // Well below the poll's second, at least once: Redis told it.
    expect(Math.min(...times)).toBeLessThan(300);
    first.close();
    second.close();
  });

  it('finds that out by polling where it has no Redis', async () => {
    const alone = await harness.start({ REDIS_URL: 'redis://127.0.0.1:1' });
    const { userId, token } = await person();
    const stream = followInbox(alone.url, token);
    await stream.opened;
    await add(userId, { on: there, count: 2 });
    await waitFor(() => stream.ids.length === 2);
    stream.close();
    await alone.stop();
  });

  it('ends with the token', async () => {
    const { userId } = await person();
    const token = await harness.issuer.tokenOf(userId, Math.floor(Date.now() / 1000) + 1);
    const stream = followInbox(here.url, token);
    await stream.opened;
    await expect(stream.ended).resolves.toBe('by the server');
  });

  it('is refused beyond the limit of a person, and place is made when one closes', async () => {
    const { token, http } = await person();
    const streams = [1, 2, 3].map(() => followInbox(here.url, token));
    await Promise.all(streams.map(({ opened }) => opened));
    const refused = await http.get('/v1/notifications/stream');
    expect([refused.status, refused.body.code]).toEqual([429, 'notification.too_many_streams']);
    streams[0]?.close();
    const fourth = await waitFor(async () => {
      const stream = followInbox(here.url, token);
      return (await stream.opened.then(
        () => true,
        () => false,
      ))
        ? stream
        : null;
    });
    [...streams, fourth].forEach((stream) => stream.close());
  });

  it('is refused beyond that limit also to those of fifty that ask at once', async () => {
    const { token } = await person();
    const openedOf = async (count: number) => {
      const streams = Array.from({ length: count }, () => followInbox(here.url, token));
      const answers = await Promise.allSettled(streams.map(({ opened }) => opened));
      streams.forEach((stream) => stream.close());
      return answers.filter(({ status }) => status === 'fulfilled').length;
    };
    expect(await openedOf(50)).toBe(3);
    // Every place is given back, also those of the refused.
    await waitFor(async () => (await openedOf(3)) === 3);
  });

  it('that does not come about takes no place', async () => {
    const { userId, token } = await person();
    const gone = () => {
      throw new Error('the client has gone');
    };
    const streams = here.app.get(InboxStreams);
    for (let round = 0; round < 4; round += 1)
      await expect(streams.open(userId, undefined, gone)).rejects.toThrow('the client has gone');
    const stream = followInbox(here.url, token);
    await stream.opened;
    stream.close();
  });

  it('is ended by a stop of the service, which does not wait for it', async () => {
    const leaving = await harness.start();
    const { token } = await person();
    const stream = followInbox(leaving.url, token);
    await stream.opened;
    const started = performance.now();
    await leaving.stop();
    expect(performance.now() - started).toBeLessThan(3_000);
    await expect(stream.ended).resolves.toBe('by the server');
  });
});

describe('bad input', () => {
  it.each([
    ['GET', '/v1/notifications?limit=0', 400, 'request.invalid'],
    ['GET', '/v1/notifications?limit=101', 400, 'request.invalid'],
    ['GET', '/v1/notifications?unknown=1', 400, 'request.invalid'],
    ['GET', '/v1/notifications?unread=maybe', 400, 'request.invalid'],
    ['GET', '/v1/notifications?cursor=%00', 400, 'notification.invalid_cursor'],
    ['POST', '/v1/notifications/not-an-id/read', 400, 'request.invalid'],
    ['POST', `/v1/notifications/${uuidv7()}/read`, 404, 'notification.not_found'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const { http } = await person();
    const answer = await http.request(method, path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([{ unknown: 1 }, { upTo: 'three' }, { upTo: -1 }, { upTo: 2 ** 40 }, [], 'text'])(
    'read-all with %j is refused',
    async (body) => {
      const { http } = await person();
      expect((await http.post('/v1/notifications/read-all', body)).status).toBe(400);
    },
  );

  it.each(['x', '-1', '1.5', '99999999999'])('the Last-Event-ID %j is refused', async (id) => {
    const { http } = await person();
    const answer = await http.get('/v1/notifications/stream', { headers: { 'last-event-id': id } });
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, 'Last-Event-ID']);
  });

  it('a position that the inbox never had means now', async () => {
    const { userId, token } = await person();
    const stream = followInbox(here.url, token, 4_000_000_000);
    await stream.opened;
    await add(userId);
    await waitFor(() => stream.ids.length === 1);
    stream.close();
  });

  it.each(['', '/unread-count', '/stream'])('nothing is told without a token: %s', async (path) => {
    expect((await here.http.get(`/v1/notifications${path}`)).body.code).toBe('request.unauthenticated');
  });
});
