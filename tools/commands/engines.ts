// Keeps one set of test engines running, so that specs start at once.
import { startTestEngines } from '../engines/test-engines.ts';

const { addresses, stop } = await startTestEngines({});
for (const [name, value] of Object.entries(addresses)) console.log(`export ${name}='${value}'`);
console.log('# Set these in the shell that runs the specs. Ctrl-C here stops the engines.');

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => void stop().then(() => process.exit(0)));
}
setInterval(() => undefined, 60_000);
