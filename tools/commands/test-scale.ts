// npm run test:scale: specs that need volume.
import { runTests } from '../test/run-tests.ts';

process.env['TEST_TIER'] = 'scale';
process.exit(await runTests(['--runInBand', ...process.argv.slice(2)]));
