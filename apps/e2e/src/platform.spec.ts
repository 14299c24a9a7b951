import { afterAll, beforeAll, describe } from '@jest/globals';
import { badInput } from './chapters/bad-input.ts';
import { mainJob } from './chapters/main-job.ts';
import { poison } from './chapters/poison.ts';
import { type Composed, composed } from './composed.ts';

// Two of everything: what holds here does not lean on one process remembering something.
describe('the platform, two replicas of every service', () => {
  let world: Composed;

  beforeAll(async () => {
    world = await composed({
      replicas: { gateway: 2, auth: 2, profile: 2, notification: 2, analytics: 2 },
    });
  }, 120_000);
  afterAll(() => world?.stop(), 30_000);

  describe('does its main job:', () => mainJob(() => world));
  describe('has an API whose every route', () => badInput(() => world));
  describe('goes on when a record is poisoned:', () => poison(() => world));
});
