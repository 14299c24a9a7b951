import type { Tx } from '@nest-arch/database';
import type { ProjectionRead } from './reads.js';

/**
 * Tables that are nothing but what other services said, so that they can be thrown away and built again from the topics:
 * an injectable class, listed in `MessagingModule.forRoot({ projections })` and given to `createProjectionServer`.
 *
 * Its tables exist in generations, each in a schema of its own. Statements name them without schema: inside the
 * projection they find the generation that is being written, everywhere else the one that is read.
 */
export interface Projection {
  /** Lower case and underscores. Its consumer group is `<app>.<name>`. */
  readonly name: string;
  readonly tables: readonly string[];
  /** The statements that make the tables of a new generation, the same as the migrations have made. */
  readonly schema: readonly string[];
  readonly reads: readonly ProjectionRead[];
  /**
   * A select over the tables that answers the same rows however they came to be, for count and checksum: without times of
   * writing and the like.
   */
  readonly compare: string;
  /** Deletes all that the tables have of these people. */
  erase(tx: Tx, userIds: readonly string[]): Promise<void>;
  /**
   * Called in the transaction in which a rebuilt generation becomes the one that is read: the place for what live records
   * do outside the tables, and those of the rebuild did not.
   */
  switched?(tx: Tx): Promise<void>;
}

const nameRule = /^[a-z][a-z_]{0,40}$/;

/** Throws for a declaration that cannot work. */
export function checkProjection({ name, tables, reads }: Projection): void {
  if (!nameRule.test(name)) throw new Error(`Not a name for a projection: ${name}`);
  if (tables.some((table) => !nameRule.test(table))) throw new Error(`Projection ${name}: table names`);
  const types = reads.map(({ definition }) => definition.type);
  const twin = types.find((type, index) => types.indexOf(type) !== index);
  if (twin) throw new Error(`Projection ${name} reads ${twin} twice`);
}
