// npm run dev: npm start, and every change of a source is compiled and the services it concerns are restarted.
import { runPlatform } from '../platform/run-platform.ts';
import { Watch } from '../platform/watch.ts';

await runPlatform({
  fresh: process.argv.includes('--fresh'),
  verbose: process.argv.includes('--verbose'),
  onReady: (platform, progress) => new Watch(platform, progress).start(),
});
