// npm run demo [-- --people 36]: the main job against the running platform, step by step, with times.
import { randomInt } from 'node:crypto';
import { bold, dim, explain, green, StepError } from '../bootstrap/progress.mjs';
import { type DemoPerson, people } from '../demo/people.ts';
import { journey, type Journey, stages } from '../demo/journey.ts';
import { readRunFile } from '../platform/run-file.ts';
import { defaultDataDir } from '../process/paths.ts';

const atOnce = 4;

try {
  await demo();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  const run = readRunFile(defaultDataDir);
  if (!run?.mail.web) {
    const why = run
      ? 'The platform sends to a mail server of yours, whose mails cannot be read here'
      : 'The platform does not run here';
    throw new StepError(why, 'start it in another terminal: npm start');
  }
  const count = Number(process.argv[process.argv.indexOf('--people') + 1]) || 36;
  const queue = people(count, randomInt(1_000_000));
  console.log(`${bold(`${count} people`)} register at ${run.gateway}, ${atOnce} at a time\n`);
  const done: Journey[] = [];
  const work = async () => {
    for (let person = queue.shift(); person; person = queue.shift()) {
      const result = await journey(person, { gateway: run.gateway, mailWeb: run.mail.web ?? '' });
      done.push(result);
      print(person, result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  summary(done, run.mail.web);
}

function print(person: DemoPerson, result: Journey): void {
  const times = stages.map((stage) => `${stage} ${dim(`${Math.round(result.at[stage])} ms`)}`);
  console.log(`${green('✓')} ${bold(person.displayName)} ${dim(person.locale)}  ${times.join(' → ')}`);
}

function summary(done: Journey[], mailWeb: string): void {
  console.log(
    `\n${bold('Milliseconds since the request to register')}, median and slowest of ${done.length}:`,
  );
  for (const stage of stages) {
    const times = done.map((result) => result.at[stage]).sort((a, b) => a - b);
    const at = (share: number) =>
      Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
    console.log(`  ${stage.padEnd(14)} ${String(at(0.5)).padStart(6)} ${String(at(1)).padStart(6)}`);
  }
  console.log(`\nThe mails are at ${mailWeb}`);
}
