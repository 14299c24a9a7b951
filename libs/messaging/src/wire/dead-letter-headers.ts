/** Headers that say where a dead letter came from and why it is one. */
export const deadLetterHeader = {
  topic: 'x-dlq-topic',
  partition: 'x-dlq-partition',
  offset: 'x-dlq-offset',
  group: 'x-dlq-group',
  /** `schema_mismatch`, `permanent`, `unknown`, … */
  reason: 'x-dlq-reason',
  /** One line, without data of the record. */
  detail: 'x-dlq-detail',
  attempts: 'x-dlq-attempts',
  /** What the letter has no room for, of `value`, `headers` and `key`: the record is read where it was. */
  omitted: 'x-dlq-omitted',
  at: 'x-dlq-at',
  /** On a record without value: closes the dead letter at this `partition/offset` of the same topic. */
  resolves: 'x-dlq-resolves',
  /** How it was closed: `replayed`, `dropped` or `superseded`. */
  resolution: 'x-dlq-resolution',
} as const;
