// npm run build: compiles what has changed.
import { explain, Progress } from '../bootstrap/progress.mjs';
import { build } from '../platform/build.ts';

try {
  await new Progress().step('Build', build);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
