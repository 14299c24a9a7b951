import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from '@jest/globals';
import { topics, userStateV1, type DeadLetterPage, type EventData } from '@nest-arch/contracts';
import { EventSource, readTopics, waitFor } from '@nest-arch/testing';
import type { Composed } from '../composed.ts';
import { Person } from '../person.ts';

/** A record that no consumer can use. */
export function poison(of: () => Composed): void {
  let world: Composed;
  beforeAll(() => {
    world = of();
  });

  it('puts it aside with its reason, and takes the next people', async () => {
    const source = new EventSource(world.prefix);
    // Enough of them that every partition has one, so that whoever registers next stands behind it.
    const count = topics.userState.partitions * 4;
    for (let i = 0; i < count; i++) {
      await source.send(
        userStateV1,
        { version: 'not a number' } as unknown as EventData<typeof userStateV1>,
        {
          key: randomUUID(),
        },
      );
    }
    await source.close();

    const person = new Person(world, 'Margaret Hamilton');
    const me = await person.join();
    expect(await person.profile(me)).toMatchObject({ displayName: 'Margaret Hamilton' });

    const letters = () => readTopics(world.prefix, { name: `${topics.userState.name}.profile.dlq` });
    await waitFor(async () => (await letters()).length === count, {
      timeoutMs: 20_000,
      intervalMs: 500,
      what: 'dead letters',
    });
    // Of a state topic the value stays where it was: a dead letter would outlive the person's erasure.
    expect((await letters()).every((letter) => (letter.message.value?.length ?? 0) === 0)).toBe(true);
  }, 60_000);

  it('shows it to administrators alone, who may hand it back or throw it away', async () => {
    const path = '/v1/admin/dead-letters/profile';
    const person = await new Person(world).join();
    expect((await person.get(path)).status).toBe(403);
    const admin = await new Person(world, 'Root Administrator').joinAsAdmin();
    const { status, body } = await admin.get<DeadLetterPage>(`${path}?limit=2`);
    expect([status, body.items.length]).toEqual([200, 2]);
    const [first, second] = body.items.map(({ id }) => id);
    expect((await admin.get(`${path}/${first}`)).body).toMatchObject({
      reason: 'schema_mismatch',
      topic: topics.userState.name,
      group: 'profile',
    });
    expect((await admin.delete(`${path}/${first}`)).status).toBe(204);
    expect((await admin.get(`${path}/${first}`)).body).toMatchObject({ code: 'dead_letters.not_found' });
    expect((await admin.post(`${path}/${second}/replay`)).body).toEqual({
      id: second,
      resolution: 'replayed',
    });
    // Still poison: it comes back under a new id.
    await waitFor(async () => {
      const page = await admin.get<DeadLetterPage>(`${path}?limit=100`);
      return page.body.items.length === topics.userState.partitions * 4 - 1;
    });
  }, 60_000);
}
