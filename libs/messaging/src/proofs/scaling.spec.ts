import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import { Fleet } from '../../test/replica/fleet.js';
import { Ledger } from '../../test/replica/ledger.js';
import { produce } from '../../test/replica/producers.js';

const events = 2_000;
let ledger: Ledger;
let fleet: Fleet;

beforeAll(async () => {
  ledger = await Ledger.open();
  fleet = new Fleet(ledger);
}, 60_000);
afterAll(async () => {
  await fleet.close();
  await ledger.spec.drop();
});

// With 50,000 events, four replicas and SIGKILL: scaling.scale.spec.ts.
it('order and effects hold while the service goes from one replica to two and back under load', async () => {
  const users = Array.from({ length: 60 }, () => randomUUID());
  const effects = (share: number) =>
    waitFor(async () => (await ledger.count('effects')) >= events * share, { timeoutMs: 60_000 });
  const producing = produce(ledger, { events, users, writers: 6 });
  await fleet.add();
  await effects(0.1);
  await fleet.add();
  await effects(0.5);
  await fleet.stop();
  await producing;
  await ledger.quiet();

  const { problems, events: found } = await ledger.problemsOfMixed(users);
  expect(problems).toEqual([]);
  expect(found).toBe(events);
}, 180_000);
