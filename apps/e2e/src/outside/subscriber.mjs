// A service that is not part of the platform: it knows Kafka and the contracts package, nothing else. The how-to
// docs/how-to/subscribe-from-outside.md explains it step by step; a spec runs it from a folder outside the workspace.
import { eventByType, heartbeatType } from '@nest-arch/contracts';
import { Kafka, logLevel } from 'kafkajs';

const { KAFKA_BROKERS = 'localhost:9092', KAFKA_TOPIC_PREFIX = '', STOP_AT_END } = process.env;
const group = process.env.GROUP ?? 'crm';
const topics = (process.env.TOPICS ?? 'auth.user.events.v1')
  .split(',')
  .map((name) => KAFKA_TOPIC_PREFIX + name);
const deadLetters = process.env.DEAD_LETTERS ?? `${group}.dead-letters`;

const kafka = new Kafka({ clientId: group, brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: group, allowAutoTopicCreation: false });
const producer = kafka.producer({ allowAutoTopicCreation: false });

// In earnest these are tables, written in the transaction of the effect: the ids of events, and the last state of everybody.
const seen = new Set();
const known = new Map();

/** What to do with a record. Answers why it was skipped; throws for what this service cannot use. */
function take({ key, value }, headers) {
  const type = headers.ce_type;
  if (type === heartbeatType) return;
  if ((headers['x-replay-for'] ?? group) !== group) return 'meant for another group';
  const definition = eventByType(type);
  if (!definition) return 'of a type that is newer than these contracts';
  const userId = key.toString();
  if (value === null) return store(type, userId, Number(headers.ce_version), null);
  const data = definition.readSchema.parse(JSON.parse(value.toString()));
  return definition.kind === 'state'
    ? store(type, userId, data.version, data)
    : count(headers.ce_id, type, data);
}

/** Events come at least once: an id that was here before has had its effect. */
function count(id, type, data) {
  if (seen.has(id)) return 'a copy';
  seen.add(id);
  print({ type, data });
}

/**
 * State may come again, and late: the higher version holds. Each owner counts for itself. Null is remembered too, or an old
 * record would bring the person back.
 */
function store(type, userId, version, data) {
  const kept = known.get(`${type}/${userId}`);
  if (kept && kept.version >= version) return 'older than what is known';
  known.set(`${type}/${userId}`, { version, data });
  print({ type, userId, version, data });
}

/** Whoever may write to the topic may leave a header without value, which kafkajs could not send again. */
function headersOf({ headers = {} }) {
  const given = Object.entries(headers).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, value.toString()]));
}

async function putAside({ topic, partition, message }, headers, error) {
  const reason = { 'x-topic': topic, 'x-offset': `${partition}/${message.offset}`, 'x-error': error.name };
  // Of state only the place is kept: a letter with somebody's data would outlive their erasure.
  const isState = eventByType(headers.ce_type)?.kind === 'state';
  await producer.send({
    topic: deadLetters,
    acks: -1,
    messages: [
      { key: message.key, value: isState ? null : message.value, headers: { ...headers, ...reason } },
    ],
  });
  print({ putAside: message.key?.toString() ?? null, error: error.name });
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const left = new Map();
if (STOP_AT_END) {
  const admin = kafka.admin();
  await admin.connect();
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (low !== high) left.set(`${topic}/${partition}`, Number(high) - 1);
  await admin.disconnect();
}
let atEnd;
const end = new Promise((resolve) => (atEnd = resolve));

await Promise.all([consumer.connect(), producer.connect()]);
// From the beginning: for events what is kept, for state everybody.
await consumer.subscribe({ topics, fromBeginning: true });
await consumer.run({
  // kafkajs commits the offset after this has resolved. If it rejects, the record comes again.
  eachMessage: async (record) => {
    const headers = headersOf(record.message);
    try {
      const skipped = take(record.message, headers);
      if (skipped) print({ skipped, type: headers.ce_type });
    } catch (error) {
      await putAside(record, headers, error);
    }
    const place = `${record.topic}/${record.partition}`;
    if (left.get(place) === Number(record.message.offset)) left.delete(place);
    if (left.size === 0) atEnd();
  },
});
if (STOP_AT_END) {
  await end;
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
}
