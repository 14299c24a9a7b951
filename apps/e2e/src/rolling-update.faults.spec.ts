import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpClient, waitFor } from '@nest-arch/testing';
import { root } from '../../../tools/process/paths.ts';
import { type ServiceName, serviceNames } from '../../../tools/platform/services.ts';
import { type Composed, composed } from './composed.ts';
import { Person } from './person.ts';
import { previousBuild } from './previous-build.ts';

const previous = previousBuild();
if (!previous) process.stderr.write('No commit before this one: the rolling update is skipped\n');
const suite = previous ? describe : describe.skip;

suite('a rolling update from and to the previous build, two replicas of each service', () => {
  let world: Composed;

  beforeAll(async () => {
    world = await composed({ replicas: { gateway: 2, auth: 2, profile: 2, notification: 2, analytics: 2 } });
  }, 180_000);
  afterAll(async () => {
    await world?.stop();
    if (previous) rmSync(previous, { recursive: true, force: true });
  }, 60_000);

  it('answers every request and loses nobody', async () => {
    const traffic = new Traffic(world);
    traffic.start();
    for (const build of [join(previous ?? '', 'apps'), join(root, 'apps')]) {
      for (const name of serviceNames) await replace(name, build);
    }
    await traffic.stop();

    expect(traffic.registered.length).toBeGreaterThan(50);
    expect(traffic.failures).toEqual([]);
    const count = async (service: 'profile' | 'notification', from: string) =>
      (await world.rows<{ n: number }>(service, `select count(*)::int as n from ${from}`))[0]?.n;
    const wanted = traffic.registered.length;
    await waitFor(async () => (await count('profile', 'profiles')) === wanted, {
      timeoutMs: 30_000,
      what: 'the profiles',
    });
    const welcomes = `inbox_items where type = 'account.welcome'`;
    await waitFor(async () => (await count('notification', welcomes)) === wanted, {
      timeoutMs: 30_000,
      what: 'the welcome messages',
    });
    for (const person of traffic.registered) {
      await waitFor(async () => person.mails().length === 1, { timeoutMs: 30_000, what: 'one mail each' });
    }
  }, 420_000);

  /** One replica after the other, as an orchestrator does. */
  async function replace(name: ServiceName, build: string): Promise<void> {
    for (const replica of [0, 1]) {
      const service = world.platform.service(name, replica);
      await service.restart({ appDir: join(build, name) });
      await service.ready();
    }
  }
});

/** People who register, one after the other, through whichever gateway is ready. */
class Traffic {
  readonly registered: Person[] = [];
  readonly failures: string[] = [];
  private going = true;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly world: Composed) {}

  start(): void {
    this.running = Promise.all([this.loop(), this.loop()]);
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.running;
  }

  private async loop(): Promise<void> {
    for (let i = 0; this.going; i++) {
      const person = new Person(this.world, `Updated Person${i}`);
      const status = await this.register(person, i);
      if (status === 202) this.registered.push(person);
      else this.failures.push(String(status));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What a load balancer does: it sends to gateways that say they are ready, and tries the other when one refuses. */
  private async register(person: Person, turn: number): Promise<number | string> {
    const { email, password, displayName } = person;
    let refusal: unknown;
    for (const replica of [turn % 2, (turn + 1) % 2]) {
      const { url, managementUrl } = this.world.platform.service('gateway', replica);
      if (!(await isReady(managementUrl))) continue;
      const gateway = new HttpClient(url);
      try {
        return (await gateway.post('/v1/auth/register', { email, password, displayName })).status;
      } catch (error) {
        refusal = error;
        if ((error as { cause?: { code?: string } }).cause?.code !== 'ECONNREFUSED') break;
      }
    }
    return refusal instanceof Error ? `${refusal.message}: ${String(refusal.cause)}` : 'no gateway was ready';
  }
}

async function isReady(managementUrl: string): Promise<boolean> {
  const ask = () => fetch(`${managementUrl}/health/ready`);
  // The first may go out on a connection to the process that was there before.
  const answer = await ask()
    .catch(ask)
    .catch(() => null);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}
