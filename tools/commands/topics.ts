// npm run topics -- plan|apply: what the contracts declare about topics, compared with the brokers and carried out.
import { join } from 'node:path';
import { explain, Progress } from '../bootstrap/progress.mjs';
import { build } from '../platform/build.ts';

try {
  // Always: a list that was edited a moment ago is the one that counts.
  await new Progress({ quiet: true }).step('Build', () => build([join('libs', 'messaging')]));
  const { run } = await import('../topics/topics.ts');
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
