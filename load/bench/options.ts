import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Which page to measure: the events part instead of the platform through its gateway. */
  events: boolean;
  /** Names of scenarios; all when absent. */
  only?: string[];
  /** How long each steady measurement takes. */
  seconds?: number;
  /** Where to put a CPU profile of each scenario that the events part can profile. */
  profile?: string;
}

export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      events: { type: 'boolean', default: false },
      only: { type: 'string' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  return {
    events: values.events,
    ...(values.only && { only: values.only.split(',') }),
    ...(values.seconds && { seconds: Number(values.seconds) }),
    ...(values.profile && { profile: values.profile }),
  };
}
