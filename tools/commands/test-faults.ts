// npm run test:faults: specs that stop engines, kill processes at length, or run another commit's build.
import { runTests } from '../test/run-tests.ts';

process.env['TEST_TIER'] = 'faults';
process.exit(await runTests(['--runInBand', ...process.argv.slice(2)]));
