import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics, type OwnProfile } from '@nest-arch/contracts';
import { type HttpClient, waitFor } from '@nest-arch/testing';
import { type KafkaEngine, startKafka } from '../../../tools/engines/kafka.ts';
import { type Composed, composed } from './composed.ts';
import { Arrivals } from './outage/arrivals.ts';
import { courseOf, differences, everythingArrives, nothingIsWrong, pending } from './outage/completeness.ts';
import { HealthWatch } from './outage/health-watch.ts';
import { Person } from './person.ts';

const outageMs = 60_000;
/** Within this time after Kafka answers again everything has arrived. */
const catchUpMs = 60_000;

describe('Kafka stopped for a minute under the whole platform', () => {
  let world: Composed;
  let kafka: KafkaEngine;
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-outage-'));

  const boot = (ports: { port?: number; controllerPort?: number } = {}) =>
    startKafka({
      dataDir: join(folder, 'kafka'),
      logFile: join(folder, 'kafka.log'),
      shortLived: true,
      ...ports,
    });

  beforeAll(async () => {
    kafka = await boot();
    world = await composed({ engines: { brokers: kafka.brokers } });
  }, 180_000);
  afterAll(async () => {
    await world?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('stops no request and no service, and everything arrives once and in order when it is back', async () => {
    const member = new Person(world, 'Member Before');
    const me = await member.join();
    await member.profile(me);
    const health = new HealthWatch(world.platform);
    const arrivals = new Arrivals(world, 250);
    const use = new Use(world, member, me);
    arrivals.start();
    await sleep(5_000);

    await kafka.stop();
    const stoppedAt = Date.now();
    use.start();
    await sleep(outageMs);
    const waiting = await pending(world);
    const metric = await pendingMetric(world);
    const atTheEnd = arrivals.registered.length;
    kafka = await boot({ port: kafka.port, controllerPort: kafka.controllerPort });
    const backAt = Date.now();
    await sleep(5_000);
    await Promise.all([arrivals.stop(), use.stop()]);
    const caughtUp = await everythingArrives(world, arrivals.registered, catchUpMs);
    await health.stop();

    const courses = {
      userEvents: await courseOf(world, topics.userEvents),
      userState: await courseOf(world, topics.userState),
      profileEvents: await courseOf(world, topics.profileEvents),
      profileState: await courseOf(world, topics.profileState),
    };
    say({
      away: `${(backAt - stoppedAt) / 1_000} s`,
      registered: arrivals.registered.length,
      slowestMs: Math.round(arrivals.slowestMs),
      ...{ waiting, metric, atTheEnd, healthPolls: health.polls },
      caughtUp: `${(Date.now() - backAt) / 1_000} s after Kafka was back, of which waited ${caughtUp} s`,
      ...{ reads: use.reads, signIns: use.signIns, changes: use.changes, courses },
    });

    expect(arrivals.failures).toEqual([]);
    expect(arrivals.registered.length).toBeGreaterThan(((outageMs + 10_000) / 250) * 0.8);
    expect(health.complaints).toEqual([]);
    // Each registration in the outage has left at least an event, a state and a challenge.
    expect(waiting).toBeGreaterThan(atTheEnd);
    expect(metric).toBeGreaterThan(atTheEnd);
    expect(use.failures).toEqual([]);
    for (const course of Object.values(courses))
      expect(course).toMatchObject({ outOfOrder: [], endsWrong: [] });
    expect(courses.profileState.longest).toBeGreaterThan(use.changes);
    const people = arrivals.registered;
    expect(await differences(world, people)).toEqual(nothingIsWrong);
    await waitFor(
      async () => (await me.get<OwnProfile>('/v1/users/me')).body.bio === `Change ${use.changes}`,
    );
  }, 300_000);
});

/** Somebody who reads, signs in and changes the own profile all the while. */
class Use {
  reads = 0;
  signIns = 0;
  changes = 0;
  readonly failures: string[] = [];
  private going = true;
  private running: Promise<unknown> = Promise.resolve();
  private readonly startedAt = Date.now();

  constructor(
    private readonly world: Composed,
    private readonly member: Person,
    private readonly me: HttpClient,
  ) {}

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.running;
  }

  private async loop(): Promise<void> {
    for (let turn = 0; this.going; turn++) {
      const { status, headers } = await this.me.get('/v1/users/me');
      if (this.note('read', status, 200)) this.reads += 1;
      const etag = headers.get('etag') ?? '';
      const body = { bio: `Change ${this.changes + 1}` };
      const changed = await this.me.patch('/v1/users/me', body, { headers: { 'if-match': etag } });
      if (this.note('change', changed.status, 200)) this.changes += 1;
      if (turn % 5 === 0) await this.signIn();
      await sleep(1_000);
    }
  }

  private async signIn(): Promise<void> {
    const { email, password } = this.member;
    const { status, body } = await this.world.api.post('/v1/auth/login', { email, password });
    if (!this.note('sign-in', status, 200)) return;
    this.signIns += 1;
    // A session that nobody heard of by Kafka is as good.
    const read = await this.world.api.as(body.accessToken).get('/v1/users/me');
    this.note('read of a new session', read.status, 200);
  }

  private note(what: string, status: number, wanted: number): boolean {
    if (status !== wanted) this.failures.push(`${what} after ${Date.now() - this.startedAt} ms: ${status}`);
    return status === wanted;
  }
}

async function pendingMetric(world: Composed): Promise<number> {
  const text = await (await fetch(`${world.platform.service('auth').managementUrl}/metrics`)).text();
  return Number(/^outbox_pending_rows(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1]);
}

function say(figures: object): void {
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
}
