import { join } from 'node:path';
import { run } from '../process/run.ts';
import type { DatabaseUrls } from './databases.ts';
import { databaseOwners } from './services.ts';

/** Runs each app's migrations, all apps at once. Throws with the name and the output of the one that failed. */
export async function migrate(databases: DatabaseUrls, appsDir: string): Promise<string[]> {
  return Promise.all(
    databaseOwners.map(async (name) => {
      const env = { ...process.env, DATABASE_URL: databases[name], LOG_PRETTY: 'false' };
      try {
        return await run(process.execPath, [join(appsDir, name, 'dist', 'migrate.js')], { env });
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    }),
  );
}
