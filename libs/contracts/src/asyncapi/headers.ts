import type { EventDefinition } from '../events/define-event.js';
import { dataschemaOf } from '../events/define-event.js';
import { heartbeatType } from '../events/registry.js';

const text = (description: string) => ({ type: 'string', description });

/** CloudEvents 1.0 in Kafka's binary mode: every attribute is a header, the value is the data alone. */
export const cloudEventHeaders = {
  type: 'object',
  description: 'CloudEvents 1.0, binary mode of the Kafka binding. There may be more headers; skip those.',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_time'],
  properties: {
    ce_specversion: { type: 'string', const: '1.0' },
    ce_id: { type: 'string', format: 'uuid', description: 'The same for every copy: deduplicate by it.' },
    ce_source: text('The service that says so.'),
    ce_type: text('The wire name.'),
    ce_subject: text('The key of the record: the user id.'),
    ce_time: { type: 'string', format: 'date-time', description: 'When the change was committed.' },
    ce_dataschema: { type: 'string', format: 'uri', description: 'The JSON Schema the data was written by.' },
    ce_version: {
      type: 'string',
      pattern: '^[0-9]+$',
      description:
        'Counts the changes of one person in the owning service. Of two state records the higher one holds.',
    },
    'content-type': { type: 'string', const: 'application/json' },
    traceparent: text('W3C Trace Context of the request behind it.'),
    tracestate: text('W3C Trace Context.'),
    'x-replay-for': text(
      'A record sent once more for the one consumer group named here; all others skip it.',
    ),
  },
};

/** What the headers of one type have beside. Records of older revisions name the schema that they were written by. */
export function headersOf({ type, revision }: EventDefinition) {
  const revisions = Array.from({ length: revision }, (_, n) => dataschemaOf(type, n + 1));
  return headersWith({
    ce_type: { type: 'string', const: type },
    ce_dataschema: { type: 'string', enum: revisions },
  });
}

export const heartbeatHeaders = headersWith({ ce_type: { type: 'string', const: heartbeatType } });

function headersWith(properties: object) {
  return { allOf: [{ $ref: '#/components/schemas/CloudEventHeaders' }, { type: 'object', properties }] };
}
