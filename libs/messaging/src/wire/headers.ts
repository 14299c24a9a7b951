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

type RawHeader = Buffer | string | (Buffer | string)[] | undefined;

/** The headers as text. Of a header that is repeated the first value counts. */
export function readHeaders(raw: Record<string, RawHeader> | undefined): Headers {
  return Object.fromEntries(Object.entries(rawHeaders(raw)).map(([name, value]) => [name, value.toString()]));
}

/** The headers as they came, for passing on. */
export function rawHeaders(raw: Record<string, RawHeader> | undefined): Record<string, string | Buffer> {
  const headers: Record<string, string | Buffer> = {};
  for (const [name, value] of Object.entries(raw ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first;
  }
  return headers;
}
