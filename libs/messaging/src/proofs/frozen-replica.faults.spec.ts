import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import { Ledger } from '../../test/replica/ledger.js';
import { produce } from '../../test/replica/producers.js';
import { Replica } from '../../test/replica/replica.js';

// The replicas' sessions last 6 s and their leases 1.5 s; the database ends a transaction that idles for 30 s.
const beyondTheSessionMs = 10_000;
const users = Array.from({ length: 40 }, () => randomUUID());
let ledger: Ledger;
let frozen: Replica;
let other: Replica;
let generations = 0;

beforeAll(async () => {
  ledger = await Ledger.open();
  const options = { ...ledger.options, handlerMs: 200 };
  const onLead = () => (generations += 1);
  [frozen, other] = await Promise.all([
    Replica.start(options, { onLead }),
    Replica.start(options, { onLead }),
  ]);
}, 60_000);
afterAll(async () => {
  frozen.signal('SIGCONT');
  await Promise.all([frozen.kill(), other.kill()]);
  await ledger.spec.drop();
});

/** Freezes one replica in the middle of its work, with transactions open; resolves when the other has its partitions. */
async function freeze(): Promise<void> {
  const before = await ledger.count('effects');
  const producing = produce(ledger, { events: 300, users, writers: 4 });
  await waitFor(async () => (await ledger.count('effects')) > before + 40, { timeoutMs: 20_000 });
  frozen.signal('SIGSTOP');
  const generation = generations;
  await producing;
  await waitFor(() => generations > generation, {
    timeoutMs: 20_000,
    what: 'a group without the frozen one',
  });
}

const problems = async () => (await ledger.problemsOfMixed(users)).problems;

it('a consumer that is frozen beyond its session and wakes up has no second effect', async () => {
  await freeze();
  await sleep(beyondTheSessionMs);
  // Its transactions are still open: it commits them now, and who waits for their inbox rows finds them.
  frozen.signal('SIGCONT');
  await ledger.quiet(60_000);
  expect(await problems()).toEqual([]);
}, 120_000);

it('a consumer that wakes up when all its work was done by others has no second effect', async () => {
  await freeze();
  await ledger.quiet(90_000);
  expect(await problems()).toEqual([]);
  frozen.signal('SIGCONT');
  await sleep(beyondTheSessionMs);
  await produce(ledger, { events: 100, users, writers: 4 });
  await ledger.quiet(60_000);
  expect(await problems()).toEqual([]);
}, 240_000);
