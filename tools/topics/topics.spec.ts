import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { createTopics } from '@nest-arch/messaging';
import { engines, testKafkaPrefix } from '@nest-arch/testing';
import { run as offsets } from '../events/offsets.ts';
import { run } from './topics.ts';

const prefix = testKafkaPrefix();
const environment = { ...process.env };
let out = '';

beforeAll(async () => {
  Object.assign(process.env, { KAFKA_BROKERS: engines.kafkaBrokers, KAFKA_TOPIC_PREFIX: prefix });
  const narrow = { ...topics.userEvents, partitions: 2 };
  await createTopics({ brokers: engines.kafkaBrokers.split(','), prefix, only: [narrow], groups: {} });
});
afterAll(() => void (process.env = environment));
beforeEach(() => {
  out = '';
  const keep = (line: unknown) => void (out += `${String(line)}\n`);
  jest.spyOn(console, 'log').mockImplementation(keep);
  jest.spyOn(console, 'error').mockImplementation(keep);
});
afterEach(() => void jest.restoreAllMocks());

it('plan ends with 2 while something differs, and changes nothing', async () => {
  for (let i = 0; i < 2; i += 1) {
    expect(await run(['plan'])).toBe(2);
    expect(out).toContain(`create ${prefix}auth.user.state.v1: 8 partitions`);
    expect(out).toContain(
      `${prefix}auth.user.events.v1 has 2 partitions, declared are 8: only with --raise-partitions`,
    );
    expect(out).toContain('What breaks: the order');
  }
});

it('apply does what it may and ends with 0; only with --raise-partitions nothing is left', async () => {
  expect(await run(['apply'])).toBe(0);
  expect(out).toContain(`create ${prefix}auth.user.state.v1`);
  expect(await run(['plan'])).toBe(2);
  out = '';
  expect(await run(['apply', '--raise-partitions'])).toBe(0);
  expect(out.indexOf('What breaks')).toBeLessThan(out.indexOf('2 → 8 partitions'));
  expect(await run(['plan'])).toBe(0);
  expect(out).toContain('All topics are as declared.');
});

it('an argument that nobody knows ends with 1 and the usage', async () => {
  for (const args of [[], ['destroy'], ['plan', '--force'], ['plan', 'apply']]) {
    expect(await run(args)).toBe(1);
    expect(out).toContain('Usage: npm run topics');
  }
});

it('offsets list shows every partition that a group reads', async () => {
  expect(await offsets(['list', '--group', 'analytics'])).toBe(0);
  expect(out).toMatch(/^TOPIC +PARTITION +NEXT +START +END +UNREAD$/m);
  expect(out.match(/^auth\.user\.events\.v1 +\d +none +0 +0 +0$/gm)).toHaveLength(8);
  await expect(offsets(['list', '--group', 'strangers'])).rejects.toThrow(
    'The contracts know no group strangers',
  );
  expect(await offsets(['skip', '--group', 'analytics'])).toBe(2);
});
