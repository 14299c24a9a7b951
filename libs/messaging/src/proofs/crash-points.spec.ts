import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CrashLane } from '../../test/replica/sweep.js';
import type { Kind } from '../../test/replica/protocol.js';
import type { CrashPoint } from '../crash/index.js';

// The whole sweep is crash-sweep.faults.spec.ts. A dead member's partitions are free after six seconds, hence the lanes.
const chosen: [CrashPoint, Kind][] = [
  ['outbox.committed', 'event'],
  ['relay.acknowledged', 'tombstone'],
  ['dead_letter.written', 'deadLetter'],
  ['offset.committed', 'projectedEvent'],
];
let lanes: CrashLane[];

beforeAll(async () => {
  lanes = await Promise.all(chosen.map(() => CrashLane.open()));
}, 60_000);
afterAll(() => Promise.all(lanes.map((lane) => lane.close())));

it('a service that dies at a crash point loses nothing, doubles nothing and keeps the order', async () => {
  const found = await Promise.all(chosen.map(([point, kind], index) => lanes[index]?.crash(point, kind)));
  expect(found).toEqual(chosen.map(() => []));
}, 180_000);
