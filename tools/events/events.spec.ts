import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  challengeIssuedV1,
  sessionRevokedV1,
  topics,
  userRegisteredV1,
  userStateV1,
} from '@nest-arch/contracts';
import { createTopics, deadLetterTopic, Publisher } from '@nest-arch/messaging';
import { engines, EventSource, readTopics, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import { run as dlq } from './dlq.ts';
import { follow, parse, run as tail, startOf } from './tail.ts';

const prefix = testKafkaPrefix();
const brokers = engines.kafkaBrokers.split(',');
const environment = { ...process.env };
const read = [topics.userEvents, topics.userState, topics.challenges];
const out: string[] = [];
const err: string[] = [];
let source: EventSource;
let publisher: Publisher;

beforeAll(async () => {
  Object.assign(process.env, { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix });
  await createTopics({ brokers, prefix, groups: { notification: read, profile: [topics.userState] } });
  source = new EventSource(prefix);
  publisher = new Publisher({ brokers, clientId: 'spec', topicPrefix: prefix });
});
afterAll(async () => {
  process.env = environment;
  await Promise.all([source.close(), publisher.close()]);
});
beforeEach(() => {
  out.length = err.length = 0;
  jest.spyOn(console, 'log').mockImplementation((line: unknown) => void out.push(String(line)));
  jest.spyOn(console, 'error').mockImplementation((line: unknown) => void err.push(String(line)));
});
afterEach(() => void jest.restoreAllMocks());

const userId = () => randomUUID();

/** A letter as a consumer leaves it. */
async function bury(
  group: string,
  topic: string,
  value: object | string,
  key: string = userId(),
): Promise<string> {
  const name = deadLetterTopic(topic, group);
  const headers = {
    ce_id: randomUUID(),
    ce_type: userRegisteredV1.type,
    'x-dlq-topic': topic,
    'x-dlq-partition': '0',
    'x-dlq-offset': '7',
    'x-dlq-group': group,
    'x-dlq-reason': 'permanent',
    'x-dlq-detail': 'PermanentError: never',
    'x-dlq-attempts': '1',
    'x-dlq-at': new Date().toISOString(),
    'x-mail': 'ada@example.com',
  };
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A topic that has just been made may have no leader yet.
  const [sent] = await waitFor(() => publisher.send([{ topic: name, key, value: text, headers }]));
  return `${name}:0:${sent?.baseOffset}`;
}

const text = () => out.join('\n');

describe('npm run events -- dlq', () => {
  it('lists the letters of every group, or of one, as a table or as JSON', async () => {
    const first = await bury('notification', topics.userEvents.name, {});
    const second = await bury('profile', topics.userState.name, {});
    expect(await dlq(['list'])).toBe(0);
    expect(text()).toContain('ID');
    expect(text()).toContain(first);
    expect(text()).toContain(second);
    out.length = 0;
    expect(await dlq(['list', '--group', 'profile', '--json'])).toBe(0);
    const { items, nextCursor } = JSON.parse(text());
    expect(items.map(({ id }: { id: string }) => id)).toEqual([second]);
    expect([items[0].reason, nextCursor]).toEqual(['permanent', null]);
  });

  it('goes through a long list part by part', async () => {
    await bury('notification', topics.userEvents.name, {});
    await bury('notification', topics.userEvents.name, {});
    await dlq(['list', '--group', 'notification', '--json']);
    const all = JSON.parse(text()).items.map(({ id }: { id: string }) => id);
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      out.length = 0;
      await dlq([
        'list',
        '--group',
        'notification',
        '--json',
        '--limit',
        '1',
        ...(after ? ['--after', after] : []),
      ]);
      const page = JSON.parse(text());
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      after = page.nextCursor;
    }
    expect(all.length).toBeGreaterThan(1);
    expect(seen).toEqual(all);
  });

  it('shows why, and hides what may be personal until it is asked for', async () => {
    const id = await bury('notification', topics.userEvents.name, {
      email: 'ada@example.com',
      source: 'self',
    });
    expect(await dlq(['show', id])).toBe(0);
    expect(text()).toMatch(/reason +permanent/);
    expect(text()).toContain('ce_type: auth.user.registered.v1');
    expect(text()).toContain('"source": "self"');
    expect(text()).not.toContain('ada@');
    out.length = 0;
    await dlq(['show', id, '--json']);
    expect(text()).not.toContain('ada@');
    await dlq(['show', id, '--show-personal']);
    expect(text()).toContain('ada@example.com');
  });

  it('shows what is no JSON only when told so, and never lets it steer the terminal', async () => {
    const id = await bury('notification', topics.userEvents.name, '\u001b[2J{"ada@example.com');
    await dlq(['show', id]);
    expect(text()).toContain('no JSON, 21 bytes');
    expect(text()).not.toContain('ada@');
    await dlq(['show', id, '--raw']);
    expect(text()).toContain('\\u001b[2J{"ada@example.com');
    expect(text()).not.toContain('\u001b');
    out.length = 0;
    const key = 'a\u009b31m\u202e';
    await dlq([
      'show',
      '--json',
      '--show-personal',
      await bury('notification', topics.userEvents.name, {}, key),
    ]);
    expect(text()).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(text())).toMatchObject({ key });
  });

  it('replays to the one group, by id and all at once, and says what is no longer open', async () => {
    const keys = [userId(), userId(), userId()];
    const topic = topics.challenges.name;
    const ids = [];
    for (const key of keys) ids.push(await bury('notification', topic, challengeIssuedV1.fixture, key));
    expect(await dlq(['replay', ids[0] ?? ''])).toBe(0);
    expect(await dlq(['replay', ids[0] ?? ''])).toBe(1);
    expect(err.join()).toContain(`Not open: ${ids[0]}`);
    expect(await dlq(['replay', '--group', 'notification', '--topic', topic, '--all'])).toBe(0);
    const again = await readTopics(prefix, topics.challenges);
    expect(
      again.map(({ key, headers }) => [key, headers['x-replay-for'], headers['x-dlq-reason']]).sort(),
    ).toEqual(keys.map((key) => [key, 'notification', undefined]).sort());
  });

  it('drops by id, and all only when that is said twice', async () => {
    const ids = [
      await bury('profile', topics.userState.name, {}),
      await bury('profile', topics.userState.name, {}),
    ];
    expect(await dlq(['drop', ...ids])).toBe(0);
    expect(await dlq(['show', ids[0] ?? ''])).toBe(1);
    await bury('profile', topics.userState.name, {});
    expect(await dlq(['drop', '--group', 'profile', '--all'])).toBe(2);
    expect(await dlq(['drop', '--group', 'profile', '--all', '--yes'])).toBe(0);
    out.length = 0;
    await dlq(['list', '--group', 'profile']);
    expect(text()).toBe('No dead letters.');
  });

  it.each([
    [[]],
    [['bury']],
    [['toString']],
    [['show']],
    [['show', 'nonsense']],
    [['replay']],
    [['replay', '--all']],
    [['list', '--limit', '0']],
    [['list', '--group', 'nobody']],
    [['list', '--topic', 'nothing']],
    [['list', '--wrong']],
  ])('refuses %j with its usage', async (args) => {
    expect(await dlq(args)).toBe(2);
    expect(err.join('\n')).toContain('Usage: npm run events -- dlq');
  });

  it('says so when Kafka is away', async () => {
    process.env['KAFKA_BROKERS'] = '127.0.0.1:1';
    await expect(dlq(['list'])).rejects.toThrow('Kafka at 127.0.0.1:1');
    process.env['KAFKA_BROKERS'] = brokers.join(',');
  });
});

describe('npm run events -- tail', () => {
  /** Follows until `enough`, and answers the lines. */
  async function following(
    args: string[],
    work: () => Promise<void>,
    enough: () => boolean,
  ): Promise<string[]> {
    const values = parse(args);
    const stop = Promise.withResolvers<void>();
    const ended = follow(values, startOf(values.from), stop.promise);
    await waitFor(() => err.includes('Reading.'));
    await work();
    await waitFor(enough);
    stop.resolve();
    expect(await ended).toBe(0);
    return out;
  }

  it('prints what comes from now on, a line each, without what is personal', async () => {
    const [before, key] = [userId(), userId()];
    await source.send(userRegisteredV1, { ...userRegisteredV1.fixture, userId: before }, { key: before });
    const lines = await following(
      [],
      async () => {
        const registered = { ...userRegisteredV1.fixture, userId: key };
        await source.send(userRegisteredV1, registered, { key, version: 1 });
        await source.send(userStateV1, { ...userStateV1.fixture, userId: key }, { key, version: 2 });
        await source.send(userStateV1, null, { key, version: 3 });
      },
      () => out.length >= 3,
    );
    expect(lines).toHaveLength(3);
    const short = `${key.slice(0, 8)}…${key.slice(-6)}`;
    expect(lines[0]).toMatch(
      new RegExp(
        `^[\\d-]{10} [\\d:.]{12}  auth.user.events.v1/\\d@\\d+  auth.user.registered.v1  ${short} v1  .*source=self`,
      ),
    );
    expect(lines[1]).toContain('email=•••');
    expect(lines[2]).toContain('(gone)');
    expect(lines.join()).not.toMatch(/ada@|Ada|Lovelace/);
    expect(err.at(-1)).toContain('3 records shown, 3 read.');
  });

  it('shows one person, one kind of event, and the past from a moment on', async () => {
    const [me, other] = [userId(), userId()];
    await source.send(userRegisteredV1, userRegisteredV1.fixture, { key: me });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const since = new Date().toISOString();
    await source.send(userRegisteredV1, userRegisteredV1.fixture, { key: me });
    await source.send(userRegisteredV1, userRegisteredV1.fixture, { key: other });
    await source.send(userStateV1, userStateV1.fixture, { key: me });
    const none = async () => undefined;
    const shown = (line: string) => JSON.parse(line) as { key: string; type: string };
    const one = await following(
      ['--json', '--from', since, '--user', me, '--type', 'auth.user.r*'],
      none,
      () => out.length >= 1,
    );
    expect(one.map(shown)).toMatchObject([{ key: me, type: userRegisteredV1.type }]);
    out.length = err.length = 0;
    const all = await following(
      ['--json', '--from', 'beginning', '--user', me, '--show-personal'],
      none,
      () => out.length >= 3,
    );
    expect(all).toHaveLength(3);
    expect(all.join()).toContain(userStateV1.fixture.email);
  });

  it('hides canary records and heartbeats until it is asked for them', async () => {
    const canary = { canary: true, revokedAt: new Date().toISOString() };
    const last = userId();
    const work = async () => {
      await source.send(sessionRevokedV1, canary, { key: 'canary' });
      await source.send(userStateV1, null, {
        key: 'heartbeat-1',
        headers: { ce_type: 'platform.heartbeat.v1' },
      });
      await source.send(userRegisteredV1, userRegisteredV1.fixture, { key: last });
    };
    const has = (part: string) => out.some((line) => line.includes(part));
    const quiet = await following([], work, () => has(last.slice(-6)));
    expect(quiet.filter((line) => /canary|heartbeat/.test(line))).toEqual([]);
    out.length = err.length = 0;
    await following(['--background'], work, () => has('canary') && has('heartbeat'));
  });

  it.each([[['--from', 'yesterday']], [['--wrong']], [['word']]])(
    'refuses %j with its usage',
    async (args) => {
      expect(await tail(args)).toBe(2);
      expect(err.join('\n')).toContain('Usage: npm run events -- tail');
    },
  );
});
