// npm run bench [-- --seconds 8] [--only sign-in,read-me]: a platform of its own, measured through its gateway; writes
// docs/benchmarks/first-look.md.
// npm run bench -- --events [--seconds 6] [--only relay,consume] [--profile folder]: libs/messaging with a Postgres and a
// Kafka of its own; writes docs/benchmarks/events.md. `--profile` writes CPU profiles instead of the page.
// With `--only` the page is printed and not written.
// Figures of a shared machine: compare medians of runs made side by side.
import { build } from '../../tools/platform/build.ts';
import { nodeFlags } from '../../tools/platform/services.ts';
import { readOptions } from './options.ts';

const options = readOptions(process.argv.slice(2));
// There this process is the service, so it runs with what services run with.
if (options.events && nodeFlags.some((flag) => !process.execArgv.includes(flag)))
  process.execve?.(process.execPath, [process.execPath, ...nodeFlags, ...process.argv.slice(1)], process.env);
// Before the import: what is measured must be what the sources say, and a fresh checkout has not been compiled.
await build(['libs/messaging', 'libs/testing']);
const { run } = await (options.events ? import('./events/run.ts') : import('./first-look.ts'));
await run(options);
