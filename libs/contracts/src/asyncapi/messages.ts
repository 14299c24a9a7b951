import type { EventDefinition } from '../events/define-event.js';
import { events, heartbeatType } from '../events/registry.js';
import type { TopicDefinition } from '../events/topics.js';
import { eventSchema } from '../schemas/event-schema.js';
import { headersOf, heartbeatHeaders } from './headers.js';

const bindingVersion = '0.5.0';
const userKey = { type: 'string', format: 'uuid', description: 'The user id.' };
const exampleId = '01998d40-3333-7c4d-8e5f-607182930415';
const exampleTime = '2026-11-23T09:30:00.000Z';

export const tombstoneOf = (type: string) => `${type}.tombstone`;

/** Names of everything that travels on a topic. */
export function messageNamesOf(topic: TopicDefinition): string[] {
  const types = events.filter((event) => event.topic.name === topic.name).map(({ type }) => type);
  return [
    ...types,
    ...(topic.tombstones ? types.map(tombstoneOf) : []),
    ...(topic.kind === 'state' ? [heartbeatType] : []),
  ];
}

export function messages(): Record<string, object> {
  const tombstones = events.filter((event) => event.topic.tombstones);
  return {
    ...Object.fromEntries(events.map((event) => [event.type, eventMessage(event)])),
    ...Object.fromEntries(tombstones.map((event) => [tombstoneOf(event.type), tombstoneMessage(event)])),
    [heartbeatType]: heartbeatMessage,
  };
}

/** The data of every type, by its wire name. */
export function payloadSchemas(): Record<string, object> {
  return Object.fromEntries(
    events.map((event) => {
      // A document has one dialect, and its parts are named by where they stand.
      const { $schema: _dialect, $id: _id, ...schema } = eventSchema(event);
      return [event.type, { ...schema, 'x-dataschema': event.dataschema }];
    }),
  );
}

function eventMessage(event: EventDefinition) {
  return {
    name: event.type,
    title: event.type,
    summary: event.summary,
    contentType: 'application/json',
    headers: headersOf(event),
    payload: { $ref: `#/components/schemas/${event.type}` },
    bindings: { kafka: { key: userKey, bindingVersion } },
    examples: [{ name: 'fixture', headers: exampleHeaders(event), payload: event.fixture }],
    'x-revision': event.revision,
  };
}

function tombstoneMessage(event: EventDefinition) {
  return {
    name: tombstoneOf(event.type),
    title: `${event.type}, tombstone`,
    summary: 'The person is gone: delete what you have. A null value with the headers of a state record.',
    headers: headersOf(event),
    payload: { type: 'null' },
    bindings: { kafka: { key: userKey, bindingVersion } },
    examples: [{ name: 'tombstone', headers: exampleHeaders(event) }],
  };
}

const heartbeatMessage = {
  name: heartbeatType,
  title: heartbeatType,
  summary: 'Keeps the log moving so that old records are forgotten. Skip it.',
  contentType: 'application/json',
  headers: heartbeatHeaders,
  payload: { type: 'object', maxProperties: 0 },
  bindings: { kafka: { key: { type: 'string', pattern: '^heartbeat-[0-9]+$' }, bindingVersion } },
};

function exampleHeaders({ type, topic, kind, dataschema, fixture }: EventDefinition) {
  const { userId, version } = fixture as { userId?: string; version?: number };
  return {
    ce_specversion: '1.0',
    ce_id: exampleId,
    ce_source: `/nest-arch/${topic.owner}`,
    ce_type: type,
    ce_subject: userId ?? '',
    ce_time: exampleTime,
    ce_dataschema: dataschema,
    ...(kind === 'state' && { ce_version: String(version ?? 1) }),
    'content-type': 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}
