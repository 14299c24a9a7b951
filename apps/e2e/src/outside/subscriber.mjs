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

// In earnest these are tables, written in the transaction of the effect: seen (id primary key), people (user_id primary key).
const seen = new Set();
const people = new Map();

/** What to do with a record. Throws for what this service cannot use. */
function take({ key, value }, headers) {
  const type = headers.ce_type;
  if (type === heartbeatType) return 'a heartbeat';
  if ((headers['x-replay-for'] ?? group) !== group) return 'meant for another group';
  const definition = eventByType(type);
  if (!definition) return 'of a type that is newer than these contracts';
  if (value === null) return store(key.toString(), Number(headers.ce_version), null);
  const data = definition.readSchema.parse(JSON.parse(value.toString()));
  return definition.kind === 'state'
    ? store(key.toString(), data.version, data)
    : count(headers.ce_id, type, data);
}

/** Events come at least once: an id that was here before has had its effect. */
function count(id, type, data) {
  if (seen.has(id)) return 'a copy';
  seen.add(id);
  print({ type, data });
}

/** State may come again, and late: the higher version holds. Null is remembered too, or an old record would bring it back. */
function store(userId, version, data) {
  if ((people.get(userId)?.version ?? 0) >= version) return 'older than what is known';
  people.set(userId, { version, data });
  print(data ? { stored: userId, version, data } : { deleted: userId, version });
}

async function putAside({ topic, partition, message }, error) {
  const reason = { 'x-topic': topic, 'x-offset': `${partition}/${message.offset}`, 'x-error': error.name };
  await producer.send({
    topic: deadLetters,
    acks: -1,
    messages: [{ key: message.key, value: message.value, headers: { ...message.headers, ...reason } }],
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
    const headers = Object.fromEntries(
      Object.entries(record.message.headers ?? {}).map(([name, text]) => [name, text.toString()]),
    );
    try {
      const skipped = take(record.message, headers);
      if (skipped) print({ skipped, type: headers.ce_type });
    } catch (error) {
      await putAside(record, error);
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
