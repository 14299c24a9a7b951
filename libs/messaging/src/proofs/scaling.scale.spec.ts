import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import { Fleet } from '../../test/replica/fleet.js';
import { Ledger } from '../../test/replica/ledger.js';
import { produce } from '../../test/replica/producers.js';

const events = 50_000;
const users = Array.from({ length: 600 }, () => randomUUID());

/** What happens to the replicas when so many effects are there. */
const course: [effects: number, step: (fleet: Fleet) => Promise<void>, replicas: number][] = [
  [0, (fleet) => fleet.add(), 1],
  [5_000, (fleet) => fleet.add(), 2],
  [12_000, (fleet) => fleet.add(2), 4],
  [20_000, (fleet) => fleet.kill(), 3],
  [24_000, (fleet) => fleet.add(), 4],
  [30_000, (fleet) => fleet.stop(), 3],
  [36_000, (fleet) => fleet.kill(), 2],
  [42_000, (fleet) => fleet.stop(), 1],
];
let ledger: Ledger;
let fleet: Fleet;

beforeAll(async () => {
  ledger = await Ledger.open();
  fleet = new Fleet(ledger);
}, 60_000);
afterAll(async () => {
  await fleet.close();
  await ledger.spec.drop();
}, 60_000);

it('order and effects hold while the service goes from one replica to four and back, some of them killed', async () => {
  const started = performance.now();
  const producing = produce(ledger, { events, users, writers: 8 });
  for (const [effects, step, replicas] of course) {
    const reached = async () => (await ledger.count('effects')) >= effects;
    await waitFor(reached, { timeoutMs: 600_000, intervalMs: 200, what: `${effects} effects` });
    await step(fleet);
    expect(fleet.size).toBe(replicas);
  }
  await producing;
  await ledger.quiet(600_000);
  const seconds = Math.round((performance.now() - started) / 1000);

  const { problems, copies, events: found } = await ledger.problemsOfMixed(users);
  expect(problems).toEqual([]);
  expect(found).toBe(events);
  expect(fleet.killed).toBe(2);
  process.stderr.write(
    `${found} events of ${users.length} users in ${seconds} s: ${fleet.rebalances} rebalances, ` +
      `${copies} records twice on the topic\n`,
  );
}, 1_800_000);
