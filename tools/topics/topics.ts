import { parseArgs } from 'node:util';
import { applyTopics, describePlan, planTopics, type PlanText } from '@nest-arch/messaging/topics';
import { green, yellow } from '../bootstrap/progress.mjs';
import { kafkaAccess } from '../events/brokers.ts';

const usage = `Usage: npm run topics -- plan | apply [--raise-partitions]

  plan    prints where the brokers differ from the declared topics, and changes nothing
          exit code: 0 no difference, 2 something differs, 1 anything else
  apply   creates missing topics and corrects settings; never deletes a topic, never lowers partitions
          exit code: 0 done, 1 failed
          --raise-partitions   also raises the partitions of event topics; read the warning of plan first

The declared topics are those of libs/contracts, and the dead-letter topics of the groups that read them. KAFKA_BROKERS names
the brokers (default: the platform that runs from this checkout), KAFKA_TOPIC_PREFIX what stands before every name.`;

/** What `npm run topics` does; answers the exit code. */
export async function run(args: string[]): Promise<number> {
  const call = read(args);
  if (!call) return misunderstood(args);
  const { verb, raisePartitions } = call;
  const { brokers, topicPrefix: prefix } = kafkaAccess();
  const options = { brokers, prefix, raisePartitions };
  // The warning before, not after.
  if (verb === 'apply' && raisePartitions) warn(describePlan(await planTopics(options)).warning);
  const plan = await (verb === 'plan' ? planTopics(options) : applyTopics(options));
  const text = describePlan(plan, { raisePartitions });
  print(text, verb);
  if (verb === 'plan') warn(text.warning);
  const differs = text.will.length + text.cannot.length > 0;
  if (!differs) console.log(`${green('✓')} All topics are as declared.`);
  return verb === 'plan' && differs ? 2 : 0;
}

function print({ will, cannot, notes }: PlanText, verb: 'plan' | 'apply'): void {
  if (will.length > 0) console.log(verb === 'plan' ? 'apply would:' : 'Done:');
  for (const line of will) console.log(`  ${verb === 'plan' ? '+' : green('✓')} ${line}`);
  if (cannot.length > 0) console.log('Left to you:');
  for (const line of cannot) console.log(`  ${yellow('!')} ${line}`);
  for (const note of notes) console.log(`\nNote: ${note}`);
}

function warn(lines: string[]): void {
  if (lines.length > 0) console.log(`\n${lines.map((line) => yellow(line)).join('\n')}\n`);
}

function read(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { 'raise-partitions': { type: 'boolean', default: false } },
    });
    const [verb, ...more] = positionals;
    if ((verb !== 'plan' && verb !== 'apply') || more.length > 0) return undefined;
    return { verb, raisePartitions: values['raise-partitions'] } as const;
  } catch {
    return undefined;
  }
}

// Not 2, which says that something differs.
function misunderstood(args: string[]): number {
  const asked = args.includes('--help');
  (asked ? console.log : console.error)(usage);
  return asked ? 0 : 1;
}
