// npm start: the whole platform in one terminal.
import { parseArgs } from 'node:util';
import { runPlatform } from '../platform/run-platform.ts';

const help = `npm start [-- options]
  --fresh     begin anew: removes what earlier runs have stored in .data/
  --verbose   show every log line of the services, not warnings and errors alone

PORT sets the gateway's port (3000). DATABASE_URL_AUTH, _PROFILE, _NOTIFICATION and _ANALYTICS, KAFKA_BROKERS,
REDIS_URL and SMTP_URL name engines of your own, which are then used instead of the embedded ones.`;

const options = {
  fresh: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
try {
  const { values } = parseArgs({ options });
  if (values.help) console.log(help);
  else await runPlatform({ fresh: values.fresh ?? false, verbose: values.verbose ?? false });
} catch (error) {
  console.error(`✗ ${(error as Error).message}\n\n${help}`);
  process.exit(2);
}
