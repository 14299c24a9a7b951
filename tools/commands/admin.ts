// npm run admin -- grant <email> <role>: auth's own command, with auth's environment.
import { explain } from '../bootstrap/progress.mjs';
import { runInApp } from '../platform/run-in-app.ts';

try {
  process.exitCode = await runInApp({ app: 'auth', entry: 'admin', args: process.argv.slice(2) });
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
