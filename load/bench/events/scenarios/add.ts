import { Outbox } from '@nest-arch/messaging';
import { announce, change, createUsers, turns } from '../change.ts';
import { type Measurement, median, repeat } from '../measurement.ts';
import type { World } from '../world.ts';

const pairs = 1_000;

/** What `outbox.add` adds to a transaction: pairs of transactions, one with and one without, the first by chance. */
export async function add(world: World): Promise<Measurement[]> {
  const { db } = await world.database('adding');
  const nextUser = turns(await createUsers(db, 10_000));
  // The relay's work is another figure; here is only what the caller waits for.
  const outbox = new Outbox({
    source: '/nest-arch/bench',
    relay: { wake: () => undefined },
    urgent: { send: () => Promise.resolve([]) },
  });
  const timed = async (announced: boolean): Promise<number> => {
    const userId = nextUser();
    const startedAt = performance.now();
    await db.transaction(async (tx) => {
      const version = await change(tx, userId);
      if (announced) await announce(outbox, tx, { userId, version });
    });
    return performance.now() - startedAt;
  };
  const pair = async (): Promise<{ plain: number; announced: number }> => {
    if (Math.random() < 0.5) return { plain: await timed(false), announced: await timed(true) };
    const announced = await timed(true);
    return { plain: await timed(false), announced };
  };
  await repeat(300, pair);
  const rounds = await repeat(3, () => repeat(pairs, pair));
  const figureOf = (of: (pair: { plain: number; announced: number }) => number) =>
    rounds.map((round) => median(round.map(of)));
  const what = (text: string) => `${text}, one caller (median of ${pairs} pairs)`;
  return [
    {
      id: 'add',
      what: what('What `outbox.add` adds to a transaction'),
      unit: 'ms',
      values: figureOf(({ plain, announced }) => announced - plain),
      goal: { below: 0.3 },
    },
    {
      id: 'add-plain',
      what: what('The transaction without it'),
      unit: 'ms',
      values: figureOf(({ plain }) => plain),
    },
  ];
}
