import { topics } from '@nest-arch/contracts';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import { type Measurement, rate, repeat } from '../measurement.ts';
import { type BenchRecord, changes, fillTopic, newUsers, registered } from '../records.ts';
import type { Span } from '../stopwatch.ts';
import type { World } from '../world.ts';

const topicPrefix = 'limits.';
const topic = topicPrefix + topics.userEvents.name;
const prepared = 60_000;

/** What kafkajs and the broker can do with the same records when nothing of ours is between. */
export async function kafkaLimits(world: World): Promise<Measurement[]> {
  await world.topics(topicPrefix, [topics.userEvents]);
  const all = changes(newUsers(10_000), prepared / 10_000);
  await fillTopic(world.publisher(topicPrefix), all, registered);
  const records = all.map(registered);
  const kafka = new kafkajs.Kafka({
    brokers: world.brokers,
    clientId: 'limits',
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const seconds = Math.max(1, world.seconds / 3);
  const sending = async (size: number) => {
    await send(world, { producer, records, size, seconds: 1 });
    return repeat(3, () => send(world, { producer, records, size, seconds }));
  };
  const batches = await sending(100);
  const singles = await sending(1);
  await producer.disconnect();
  const reads = await repeat(4, (round) => consumeAll(world, kafka, round));
  return [
    rate({ id: 'send-batches', what: 'kafkajs: sendBatch of 100, acks -1, one after another' }, batches),
    rate({ id: 'send-singles', what: 'kafkajs: one record a send, one after another' }, singles),
    rate({ id: 'read-empty', what: 'kafkajs: eachBatch that does nothing' }, reads.slice(1)),
  ];
}

interface Sending {
  producer: Producer;
  records: BenchRecord[];
  size: number;
  seconds: number;
}

async function send(world: World, { producer, records, size, seconds }: Sending): Promise<Span> {
  const watch = await world.watch(`send-${size}`);
  const until = performance.now() + seconds * 1000;
  let sent = 0;
  while (performance.now() < until) {
    const start = sent % (records.length - size);
    const messages: Message[] = records.slice(start, start + size);
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
    sent += size;
  }
  return watch.stop(sent);
}

async function consumeAll(world: World, kafka: kafkajs.Kafka, round: number): Promise<Span> {
  const consumer = kafka.consumer({
    groupId: `limits.r${round}`,
    maxBytesPerPartition: 512 * 1024,
    maxBytes: 4 * 1024 * 1024,
    maxWaitTimeInMs: 250,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const span = Promise.withResolvers<Span>();
  let watch: ReturnType<World['watch']> | undefined;
  let seen = 0;
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      watch ??= world.watch('read-empty');
      const before = seen;
      seen += batch.messages.length;
      if (before < prepared && seen >= prepared) span.resolve((await watch).stop(seen));
    },
  });
  const found = await span.promise;
  await consumer.disconnect();
  return found;
}
