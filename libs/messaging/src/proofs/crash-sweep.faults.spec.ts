import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kinds, type Kind } from '../../test/replica/protocol.js';
import { CrashLane } from '../../test/replica/sweep.js';
import { crashPoints, type CrashPoint } from '../crash/index.js';

/** What a kind never comes to. Everything else is swept, and a point that is not reached there fails the sweep. */
const unreachable: Partial<Record<CrashPoint, readonly Kind[]>> = {
  'dead_letter.written': kinds.filter((kind) => kind !== 'deadLetter' && kind !== 'projectedDeadLetter'),
};

const cells = crashPoints.flatMap((point) =>
  kinds.filter((kind) => !unreachable[point]?.includes(kind)).map((kind) => ({ point, kind })),
);
// Most of a crash is waiting for the dead member's session to end.
const laneCount = 4;
let lanes: CrashLane[];

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: laneCount }, () => CrashLane.open()));
}, 60_000);
afterAll(() => Promise.all(lanes.map((lane) => lane.close())));

it('a service that dies at any crash point loses nothing, doubles nothing and keeps the order, for every kind', async () => {
  const left = [...cells];
  const found: Record<string, string[]> = {};
  const work = async (lane: CrashLane) => {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      const problems = await lane.crash(cell.point, cell.kind).catch((error: unknown) => [String(error)]);
      if (problems.length > 0) found[`${cell.point} × ${cell.kind}`] = problems;
    }
  };
  await Promise.all(lanes.map(work));
  expect(found).toEqual({});
}, 1_200_000);
