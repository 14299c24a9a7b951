// npm test [-- arguments for Jest]: every project's specs on real engines. The last line is "N passed, N failed".
import { runTests } from '../test/run-tests.ts';

process.exit(await runTests(process.argv.slice(2)));
