/** One change of one user. `n` counts the user's changes from 1. */
export interface Step {
  user: string;
  n: number;
}

/** A step as an event: the same id on every copy. */
export interface Copy extends Step {
  id: string;
}

export interface History {
  /** What producers committed. */
  written: readonly Step[];
  /** What the topics hold, each partition in its order. */
  topic: readonly Copy[];
  /** What handlers committed, in the order in which they did. */
  effects: readonly Copy[];
  /** What is in the dead letters of the consumer. */
  deadLetters?: readonly Copy[];
  /** What is in the dead letters of the outbox, and so never reached the topic. */
  unpublished?: readonly Copy[];
}

export interface Rules {
  /** False where copies may overtake each other (urgent events). */
  ordered?: boolean;
}

/**
 * What contradicts "every committed change has exactly one effect, or one place among the dead letters, in order per
 * user". Empty when nothing does. Copies on the topic are allowed; what counts there is the first of each.
 */
export function problemsOf(history: History, { ordered = true }: Rules = {}): string[] {
  const { written, topic, effects, deadLetters = [], unpublished = [] } = history;
  const committed = new Set(written.map(name));
  const published = new Map(topic.map((copy) => [name(copy), copy.id]));
  const effective = new Set(effects.map(name));
  const buried = new Set([...deadLetters, ...unpublished].map(name));
  const neverSent = new Set(unpublished.map(name));
  const problems = [
    ...written
      .filter((step) => !published.has(name(step)) && !neverSent.has(name(step)))
      .map((step) => `lost before the topic: ${name(step)}`),
    ...written
      .filter((step) => !effective.has(name(step)) && !buried.has(name(step)))
      .map((step) => `lost, no effect: ${name(step)}`),
    ...topic
      .filter((copy) => !committed.has(name(copy)))
      .map((copy) => `event without a change: ${name(copy)}`),
    ...topic
      .filter((copy) => published.get(name(copy)) !== copy.id)
      .map((copy) => `two events of one change: ${name(copy)}`),
    ...effects
      .filter((copy) => published.get(name(copy)) !== copy.id)
      .map((copy) => `effect without its event: ${name(copy)}`),
    ...repeated(effects).map((copy) => `doubled effect: ${name(copy)}`),
    ...effects
      .filter((copy) => buried.has(name(copy)))
      .map((copy) => `effect of a dead letter: ${name(copy)}`),
    ...(ordered ? [...descents(firsts(topic), 'on the topic'), ...descents(firsts(effects), 'effect')] : []),
  ];
  return [...new Set(problems)];
}

/** How many records the topic has beyond the first copy of each event. */
export function duplicatesIn(topic: readonly Copy[]): number {
  return topic.length - new Set(topic.map((copy) => copy.id)).size;
}

function name({ user, n }: Step): string {
  return `${user}#${n}`;
}

function firsts(copies: readonly Copy[]): Copy[] {
  const seen = new Set<string>();
  return copies.filter((copy) => !seen.has(name(copy)) && seen.add(name(copy)));
}

function repeated(copies: readonly Copy[]): Copy[] {
  const seen = new Set<string>();
  return copies.filter((copy) => seen.size === seen.add(name(copy)).size);
}

function descents(copies: readonly Copy[], what: string): string[] {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const { user, n } of copies) {
    const before = last.get(user) ?? 0;
    if (n < before) found.push(`out of order ${what}: ${user}#${n} after #${before}`);
    last.set(user, Math.max(before, n));
  }
  return found;
}
