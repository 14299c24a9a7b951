import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { engines, waitFor } from '@nest-arch/testing';
import { type PostgresEngine, startPostgres } from '../../../tools/engines/postgres.ts';
import { createDatabases, dropDatabases } from '../../../tools/platform/databases.ts';
import { databaseOwners } from '../../../tools/platform/services.ts';
import { type Composed, composed } from './composed.ts';
import { Arrivals } from './outage/arrivals.ts';
import { courseOf, differences, everythingArrives, nothingIsWrong } from './outage/completeness.ts';
import { HealthWatch } from './outage/health-watch.ts';
import { Person } from './person.ts';

const outageMs = 30_000;
/** Within this time after the database answers again everything has arrived. */
const catchUpMs = 60_000;
const victims = ['profile', 'notification'] as const;
type Victim = (typeof victims)[number];

describe('the Postgres of one service stopped', () => {
  let world: Composed;
  const servers = {} as Record<Victim, PostgresEngine>;
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-outage-'));
  const password = randomBytes(12).toString('hex');
  const prefix = `outage_${randomBytes(4).toString('hex')}_`;

  const boot = (name: Victim, port?: number) =>
    startPostgres({
      dataDir: join(folder, name),
      logFile: join(folder, `${name}.log`),
      ...{ password, durable: false, ...(port && { port }) },
    });

  beforeAll(async () => {
    chmodSync(folder, 0o711); // Postgres' own user passes through it
    for (const name of victims) servers[name] = await boot(name);
    const passwords = Object.fromEntries(
      databaseOwners.map((name) => [name, randomBytes(12).toString('hex')]),
    ) as Record<(typeof databaseOwners)[number], string>;
    const on = (serverUrl: string) => createDatabases({ serverUrl, passwords, prefix });
    const databases = await on(engines.postgresUrl);
    for (const name of victims) databases[name] = (await on(servers[name].url))[name];
    world = await composed({ engines: { databases } });
  }, 180_000);
  afterAll(async () => {
    await world?.stop();
    for (const server of Object.values(servers)) await server.stop();
    await dropDatabases(engines.postgresUrl, prefix);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it.each(victims)(
    'of %s: the others go on, and it catches up',
    async (victim) => {
      const health = new HealthWatch(world.platform);
      const arrivals = new Arrivals(world, 500);
      arrivals.start();
      await sleep(3_000);
      const mailsBefore = world.smtp.mails.length;

      await servers[victim].stop();
      await sleep(outageMs);
      if (victim === 'profile') await someoneIsMailed();
      const mailsSent = world.smtp.mails.length - mailsBefore;
      const others = await healthOfOthers(victim);
      servers[victim] = await boot(victim, servers[victim].port);
      const backAt = Date.now();
      await world.platform.service(victim).ready(30_000);
      const readyAfter = Date.now() - backAt;
      await sleep(2_000);
      await arrivals.stop();
      const waited = await everythingArrives(world, arrivals.registered, catchUpMs);
      const caughtUp = Date.now() - backAt;
      await health.stop();

      const unready = health.complaints.filter((line) => line.startsWith(`${victim} ready`));
      const profileEvents = await courseOf(world, topics.profileEvents);
      process.stdout.write(
        `${JSON.stringify({ victim, registered: arrivals.registered.length, mailsSent, slowestMs: Math.round(arrivals.slowestMs), unready: unready.length, says: unready[0], readyAfter, caughtUp, waited, profileEvents }, null, 2)}\n`,
      );
      expect(arrivals.failures).toEqual([]);
      expect(arrivals.registered.length).toBeGreaterThan(((outageMs + 5_000) / 500) * 0.8);
      expect(unready.length).toBeGreaterThan(10);
      expect(unready[0]).toMatch(/database/i);
      expect(health.except(`${victim} ready`)).toEqual([]);
      expect(others).toBe('ready');
      if (victim === 'notification') expect(mailsSent).toBe(0);
      expect(profileEvents).toMatchObject({ outOfOrder: [], endsWrong: [] });
      await waitFor(async () => {
        expect(await differences(world, arrivals.registered)).toEqual(nothingIsWrong);
        return true;
      });
    },
    240_000,
  );

  async function someoneIsMailed(): Promise<void> {
    const person = new Person(world);
    await person.register();
    await person.waitForLink('verify');
  }

  async function healthOfOthers(victim: Victim): Promise<string> {
    const verdicts = world.platform.services
      .filter(({ name }) => name !== victim)
      .map(async ({ managementUrl }) => (await fetch(`${managementUrl}/health/ready`)).ok);
    return (await Promise.all(verdicts)).every(Boolean) ? 'ready' : 'not ready';
  }
});
