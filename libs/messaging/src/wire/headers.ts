/** CloudEvents 1.0, binary mode of the Kafka binding: attributes are `ce_` headers, the value is the data alone. */
export const header = {
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  specVersion: 'ce_specversion',
  subject: 'ce_subject',
  time: 'ce_time',
  dataSchema: 'ce_dataschema',
  version: 'ce_version',
  contentType: 'content-type',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** Names the one group that a replayed dead letter is meant for; all others skip the record. */
  replayFor: 'x-replay-for',
} as const;

export type Headers = Record<string, string>;

export type RawHeader = Buffer | string | (Buffer | string)[];
/** What a consumer may get: a header may come without value, which the types of kafkajs do not say. */
type ReceivedHeader = RawHeader | null | undefined;

/** The headers as text, all or those of these names. Of a header that is repeated the first value counts. */
export function readHeaders(
  raw: Record<string, ReceivedHeader> | undefined,
  names: readonly string[] = Object.keys(raw ?? {}),
): Headers {
  const headers: Headers = {};
  for (const name of names) {
    const value = raw?.[name];
    const first = Array.isArray(value) ? value.find((each) => each !== null && each !== undefined) : value;
    if (first !== null && first !== undefined) headers[name] = first.toString();
  }
  return headers;
}

/** The headers as they came, for passing on; without those that have no value. */
export function rawHeaders(raw: Record<string, ReceivedHeader> | undefined): Record<string, RawHeader> {
  const entries = Object.entries(raw ?? {}).flatMap(([name, value]) => {
    const values = [value].flat().filter((each) => each !== null && each !== undefined);
    const [first] = values;
    return first === undefined ? [] : [[name, values.length > 1 ? values : first] as const];
  });
  return Object.fromEntries(entries);
}
