import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import type { ServiceName } from '../../../tools/platform/services.ts';
import { type Composed, composed } from './composed.ts';
import { Person } from './person.ts';

const registrations = 200;
const atOnce = 8;
/** How many mails a notification process has under way at once, out of the box. */
const smtpConnections = 5;
/** Which process dies after how many answered registrations. */
const deaths: Record<number, ServiceName> = {
  30: 'notification',
  60: 'profile',
  90: 'auth',
  120: 'analytics',
  150: 'gateway',
  180: 'notification',
};

describe('registrations while every service is killed once', () => {
  let world: Composed;
  const people: Person[] = [];

  beforeAll(async () => {
    world = await composed();
    for (let i = 0; i < registrations; i++) people.push(new Person(world, `Person Number${i}`));
    await registerAll(world, people);
  }, 180_000);
  afterAll(() => world?.stop(), 30_000);

  it('are each one account, one profile and one welcome message', async () => {
    await waitFor(
      async () => (await count('notification', welcomes)) >= registrations,
      patience('the welcome messages'),
    );
    await waitFor(
      async () => (await count('profile', 'select user_id from profiles')) >= registrations,
      patience('the profiles'),
    );
    const accounts = (
      await world.rows<{ user_id: string }>('auth', 'select user_id from users order by 1')
    ).map((row) => row.user_id);
    const owners = async (service: 'profile' | 'notification', sql: string) =>
      (await world.rows<{ user_id: string }>(service, `${sql} order by 1`)).map((row) => row.user_id);

    expect(accounts).toHaveLength(registrations);
    expect(await owners('profile', 'select user_id from profiles')).toEqual(accounts);
    expect(await owners('notification', welcomes)).toEqual(accounts);
  }, 90_000);

  it('are each sent one verification mail, repeated at most once per death of the sender and then recognisable', async () => {
    await waitFor(async () => people.every((person) => person.mails().length > 0), patience('the mails'));
    const repeats = people.filter((person) => person.mails().length > 1);
    const deathsOfSender = Object.values(deaths).filter((name) => name === 'notification').length;

    for (const person of people) {
      expect(new Set(person.mails().map((mail) => mail.parsed.messageId)).size).toBe(1);
    }
    // A process sends several at once; each of them may have been between SMTP's 250 and its own commit.
    for (const person of repeats) expect(person.mails().length).toBeLessThanOrEqual(1 + deathsOfSender);
    expect(repeats.length).toBeLessThanOrEqual(deathsOfSender * smtpConnections);
  }, 60_000);

  it('leave nothing behind in any outbox', async () => {
    for (const service of ['auth', 'profile', 'notification'] as const) {
      await waitFor(
        async () => (await count(service, 'select seq from outbox')) === 0,
        patience(`${service}'s outbox`),
      );
      expect(await count(service, 'select 1 from outbox_dead_letters')).toBe(0);
    }
  }, 60_000);

  const welcomes = `select user_id from inbox_items where type = 'account.welcome'`;

  async function count(service: 'auth' | 'profile' | 'notification', sql: string): Promise<number> {
    const [row] = await world.rows<{ n: number }>(
      service,
      `select count(*)::int as n from (${sql}) as counted`,
    );
    return row?.n ?? 0;
  }
});

function patience(what: string) {
  return { timeoutMs: 45_000, intervalMs: 200, what };
}

async function registerAll(world: Composed, people: readonly Person[]): Promise<void> {
  const queue = [...people];
  let answered = 0;
  const work = async () => {
    for (let person = queue.shift(); person; person = queue.shift()) {
      await registerUntilAnswered(person);
      answered += 1;
      const victim = deaths[answered];
      if (victim) world.platform.service(victim).kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** As a careful client does it: the same key again until there is an answer. */
async function registerUntilAnswered(person: Person): Promise<void> {
  const headers = { 'idempotency-key': randomUUID() };
  await waitFor(
    async () => {
      const status = await person.register(headers).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 202 && status !== 0 && status !== 409 && status < 500)
        throw new Error(`answered ${status}`);
      return status === 202;
    },
    { timeoutMs: 60_000, intervalMs: 100, what: 'an answer to a registration' },
  );
}
