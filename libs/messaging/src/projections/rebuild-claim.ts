import type { Db, Tx } from '@nest-arch/database';
import type { Projection } from './projection.js';
import {
  claimGeneration,
  createGeneration,
  dropGeneration,
  forgetRebuild,
  lockGeneration,
  lockPointer,
  renewClaim,
  schemaOf,
  type Begun,
  type Pointer,
} from './projections.queries.js';

/** How long a builder that says nothing is believed to be alive. */
const claimMs = 15_000;

/** Why a replay does not begin; for people. */
export class ReplayRefusedError extends Error {
  override readonly name = 'ReplayRefusedError';
}

/** Makes the tables of the next generation. Throws ReplayRefusedError while another builder is at work. */
export function claim(db: Db, projection: Projection): Promise<Begun & { active: number }> {
  const { name, schema } = projection;
  return db.transaction(async (tx) => {
    const pointer = await lockPointer(tx, name);
    if (!pointer) throw new ReplayRefusedError(`The database has no projection ${name}: run the migrations`);
    if (pointer.rebuildGeneration !== null && !pointer.abandoned)
      throw new ReplayRefusedError(
        `Another replay of ${name} is at work (generation ${pointer.rebuildGeneration}). One that was killed is given ` +
          `up after ${claimMs / 1000} s.`,
      );
    await dropRebuild(tx, name, pointer);
    const begun = await claimGeneration(tx, name, claimMs);
    await createGeneration(tx, schemaOf(name, begun.generation), schema);
    return { ...begun, active: pointer.generation };
  });
}

/** Keeps the claim alive until stopped. `onLost` when somebody has given this builder up. */
export function keepClaim(
  db: Db,
  { name, generation }: { name: string; generation: number },
  onLost: () => void,
): () => void {
  const timer = setInterval(() => {
    renewClaim(db, name, generation, claimMs).then(
      (renewed) => renewed === 0 && onLost(),
      // The database is away: so is everybody who could take the claim.
      () => undefined,
    );
  }, claimMs / 5);
  return () => clearInterval(timer);
}

/** Drops what a builder that died has left: it holds personal data that no erasure reaches. */
export async function dropAbandoned(db: Db, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    const pointer = await lockPointer(tx, name);
    if (pointer?.abandoned) await dropRebuild(tx, name, pointer);
  });
}

/** Gives a generation up that this builder had begun. */
export async function giveUp(db: Db, name: string, generation: number): Promise<void> {
  await db.transaction(async (tx) => {
    const pointer = await lockPointer(tx, name);
    if (pointer?.rebuildGeneration === generation) await dropRebuild(tx, name, pointer);
  });
}

async function dropRebuild(tx: Tx, name: string, { rebuildGeneration }: Pointer): Promise<void> {
  if (rebuildGeneration === null) return;
  await lockGeneration(tx, name, rebuildGeneration);
  await dropGeneration(tx, schemaOf(name, rebuildGeneration));
  await forgetRebuild(tx, name);
}
