interface KafkaErrorShape {
  name?: string;
  type?: string;
  cause?: unknown;
  retriable?: boolean;
}

/** The broker's error code by name (`MESSAGE_TOO_LARGE`), looked for through kafkajs's wrappers. */
export function brokerErrorType(error: unknown): string | undefined {
  return findInCauses(error, ({ type }) => (typeof type === 'string' ? type : undefined));
}

export function isKafkaError(error: unknown): boolean {
  return findInCauses(error, ({ name }) => name?.startsWith('KafkaJS') || undefined) ?? false;
}

function findInCauses<T>(error: unknown, pick: (shape: KafkaErrorShape) => T | undefined): T | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const found = pick(current);
    if (found !== undefined) return found;
    current = (current as KafkaErrorShape).cause;
  }
  return undefined;
}

/** What the broker says about a record or a topic that sending again cannot mend. */
export const unpublishableTypes: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
]);

/** Answers about a topic as a whole: its rows wait, those of other topics go on. */
export const topicErrorTypes: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'TOPIC_AUTHORIZATION_FAILED',
]);
