import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { topics, userRegisteredV1 } from '@nest-arch/contracts';
import { execute } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { publish, startServer } from '../../test/event-server.js';
import { messagingSpec, newPublisher } from '../../test/support.js';
import type { EventContext } from '../consumer/event-context.js';
import { OnEvent } from '../consumer/on-event.js';

const hangMs = 20_000;
const partitions = topics.userEvents.partitions;
const stuck = randomUUID();
const sentAt = new Map<string, number>();
/** From the moment before the record was sent to its committed effect, by consumer group. */
const delays = { hanging: [] as number[], control: [] as number[] };
let tries = 0;

@Controller()
class Registrations {
  @OnEvent(userRegisteredV1, { group: 'hanging' })
  async hanging(@Ctx() context: EventContext) {
    if (context.key !== stuck) return effect('hanging', context);
    tries += 1;
    // Longer than the deadline, in every try.
    await sleep(hangMs + 1_000);
  }

  // The same work with nothing that hangs, on the same machine at the same time: whatever else is slow is slow for both.
  @OnEvent(userRegisteredV1, { group: 'control' })
  control(@Ctx() context: EventContext) {
    return effect('control', context);
  }
}

async function effect(group: keyof typeof delays, { tx, key }: EventContext): Promise<void> {
  await execute(tx, `insert into effects values ($1, $2)`, [group, key]);
  const at = sentAt.get(key);
  if (at !== undefined) tx.afterCommit(() => delays[group].push(performance.now() - at));
}

let spec: Awaited<ReturnType<typeof messagingSpec>>;
let running: Awaited<ReturnType<typeof startServer>>[];
let publisher: ReturnType<typeof newPublisher>;

beforeAll(async () => {
  const read = [topics.userEvents];
  spec = await messagingSpec({ topics: read, groups: { hanging: read, control: read }, poolSize: 20 });
  await execute(spec.db, `create table effects (consumer text, key uuid)`);
  publisher = newPublisher(spec);
  const start = (group: string) => startServer(spec, [Registrations], { group, deadlineMs: hangMs });
  running = await Promise.all([start('hanging'), start('control')]);
}, 30_000);
afterAll(async () => {
  await Promise.all(running.map(({ service }) => service.close()));
  await publisher.close();
  await spec.drop();
}, 60_000);

/** Sends to all partitions but the first for so long, and waits for the effects of both groups. */
async function sendFor(ms: number): Promise<void> {
  let sent = 0;
  for (const end = performance.now() + ms; performance.now() < end; sent += 1) {
    const key = randomUUID();
    sentAt.set(key, performance.now());
    await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, {
      key,
      partition: 1 + (sent % (partitions - 1)),
    });
    await sleep(20);
  }
  await waitFor(() => delays.hanging.length === sent && delays.control.length === sent);
}

function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;
}

it('a handler that hangs for 20 s does not delay the other partitions by more than 100 ms', async () => {
  await publish(publisher, userRegisteredV1, userRegisteredV1.fixture, { key: stuck, partition: 0 });
  await waitFor(() => tries === 1);
  // Over the deadline, so that giving it up and trying it again are in it.
  await sendFor(hangMs + 2_000);
  expect(tries).toBeGreaterThanOrEqual(2);

  const shares = [0.5, 0.99, 1];
  const figures = (values: number[]) =>
    shares.map((share) => percentile(values, share).toFixed(1)).join(', ');
  process.stderr.write(
    `ms to the effect (median, 99 %, longest of ${delays.control.length}): ${figures(delays.hanging)}; ` +
      `of a group without a hanging handler: ${figures(delays.control)}\n`,
  );
  // A partition that waits for the hanging one waits for 20 s.
  for (const share of shares)
    expect(percentile(delays.hanging, share) - percentile(delays.control, share)).toBeLessThan(100);
}, 120_000);
