import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/paths.ts';
import { run } from '../process/run.ts';
import { buildOf, readBuilds } from './changes.ts';
import type { DatabaseUrls } from './databases.ts';
import { compileCache, databaseOwners, nodeFlags } from './services.ts';

/** Runs each app's migrations, all apps at once. Throws with the name and the output of the one that failed. */
export async function migrate(databases: DatabaseUrls, appsDir = join(root, 'apps')): Promise<string[]> {
  return Promise.all(
    databaseOwners.map(async (name) => {
      const env = { ...process.env, ...compileCache, DATABASE_URL: databases[name], LOG_PRETTY: 'false' };
      try {
        const main = join(appsDir, name, 'dist', 'migrate.js');
        return await run(process.execPath, [...nodeFlags, main], { env });
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    }),
  );
}

/**
 * The same, unless exactly this code has run its migrations in this data folder before: four processes that find nothing
 * to do cost a second and a half of every start. Only for databases of our own, which nobody else changes.
 */
export async function migrateOnce(databases: DatabaseUrls, dataDir: string): Promise<'run' | 'nothing new'> {
  const file = join(dataDir, 'migrated.json');
  const builds = readBuilds();
  const now = JSON.stringify(Object.fromEntries(databaseOwners.map((name) => [name, buildOf(name, builds)])));
  if (existsSync(file) && readFileSync(file, 'utf8') === now) return 'nothing new';
  await migrate(databases);
  writeFileSync(file, now);
  return 'run';
}
