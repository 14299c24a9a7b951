// npm run events -- <verb> …: what people do with events by hand. Each verb is tools/events/<verb>.ts.
import { explain } from '../bootstrap/progress.mjs';
import type { EventsVerb } from '../events/verb.ts';
import { build } from '../platform/build.ts';

const verbs: Record<string, string> = {
  tail: 'prints events as they come',
  dlq: 'lists, shows, replays and drops dead letters',
  replay: 'rebuilds a projection from its topics',
  outbox: 'lists rows that Kafka did not take, puts them back or drops them',
  snapshot: 'sends the current state of a service to its state topics again',
  offsets: 'shows where groups stand, and moves a group past records that are gone',
};

const overview = [
  'Usage: npm run events -- <verb> [arguments]',
  '',
  ...Object.entries(verbs).map(([verb, does]) => `  ${verb.padEnd(10)}${does}`),
  '',
  'npm run events -- <verb> --help says more.',
].join('\n');

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || !Object.hasOwn(verbs, name)) {
    const help = name === '--help' || name === 'help';
    if (name !== undefined && !help) console.error(`There is no verb "${name}".\n`);
    (help ? console.log : console.error)(overview);
    return help ? 0 : 2;
  }
  // Without a word: what verbs print may be read by programs.
  await build();
  const verb = (await import(`../events/${name}.ts`)) as EventsVerb;
  if (args.includes('--help')) {
    console.log(verb.usage);
    return 0;
  }
  return runVerb(verb, args);
}

async function runVerb({ run, usage }: EventsVerb, args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (!String(code).startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(`${message}\n\n${usage}`);
    return 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
