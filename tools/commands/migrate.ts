// npm run migrate: brings every database to the state that the code expects.
import { explain, Progress } from '../bootstrap/progress.mjs';
import { build } from '../platform/build.ts';
import { withDatabases } from '../platform/database-access.ts';
import { migrate } from '../platform/migrate.ts';
import { databaseOwners } from '../platform/services.ts';

try {
  const progress = new Progress();
  await progress.step('Build', build);
  await withDatabases(async ({ databases }) => {
    const outputs = await progress.step('Migrations', () => migrate(databases));
    outputs.forEach(
      (output, index) => output.trim() && console.log(`${databaseOwners[index]}: ${output.trim()}`),
    );
  });
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
