import { settingsOf, type DeclaredTopic } from './declared-topics.js';
import type { FoundTopic } from './found-topics.js';

export interface Difference {
  /** With prefix. */
  topic: string;
  setting: string;
  found: string;
  wanted: string;
  /** Something other than declared that harms nobody: services work with it. */
  tolerated: boolean;
}

type Rule = 'exactly' | 'at least' | 'at most';

// Which way each may be off. What is kept for longer loses nothing, and what is compacted or closed earlier is clean
// earlier; all others have one right value.
const rules: Record<string, Rule> = {
  'retention.ms': 'at least',
  'retention.bytes': 'at least',
  'delete.retention.ms': 'at least',
  'min.insync.replicas': 'at least',
  'segment.ms': 'at most',
  'max.compaction.lag.ms': 'at most',
};

/** What is other than declared. */
export function differences(declared: DeclaredTopic, found: FoundTopic): Difference[] {
  const wanted = settingsOf(declared, found.replicationFactor);
  return Object.entries(wanted).flatMap(([setting, value]) => {
    const actual = found.configs[setting] ?? 'not set';
    if (actual === value) return [];
    const tolerated = holds(ruleOf(setting, declared), actual, value);
    return [{ topic: declared.name, setting, found: actual, wanted: value, tolerated }];
  });
}

/** One line of what is not tolerated: `retention.ms is 1000, must be at least 1209600000`. */
export function demand(declared: DeclaredTopic, { setting, found, wanted }: Difference): string {
  const rule = ruleOf(setting, declared);
  return `${setting} is ${found}, must be ${rule === 'exactly' ? '' : `${rule} `}${wanted}`;
}

function ruleOf(setting: string, { shortLived }: DeclaredTopic): Rule {
  // One-time tokens and their recipients are promised to be gone in time.
  if (setting === 'retention.ms' && shortLived) return 'exactly';
  return rules[setting] ?? 'exactly';
}

function holds(rule: Rule, found: string, wanted: string): boolean {
  const [actual, limit] = [amount(found), amount(wanted)];
  if (rule === 'exactly' || Number.isNaN(actual)) return false;
  return rule === 'at least' ? actual >= limit : actual <= limit;
}

/** Kafka writes "without limit" as -1. */
function amount(value: string): number {
  return value === '-1' ? Infinity : Number(value);
}
