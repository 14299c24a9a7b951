import { expect, it } from '@jest/globals';
import { waitFor } from '@nest-arch/testing';
import type { EachBatchPayload } from '../kafka/kafka-client.js';
import { partitionKey, type PartitionId } from './incoming.js';
import { OffsetCommitter } from './offset-committer.js';
import { Partitions } from './partitions.js';

const topic = 'some.topic';
const id: PartitionId = { topic, partition: 3 };

/** As kafkajs has it: who is paused stays so until somebody resumes it, over any rebalance. */
function fetching() {
  const paused = new Set<string>();
  return {
    paused,
    pause: (each: PartitionId) => void paused.add(partitionKey(each)),
    resume: (each: PartitionId) => void paused.delete(partitionKey(each)),
    seek: () => undefined,
  };
}

function batchOf(count: number, value: Buffer | null = null) {
  const messages = Array.from({ length: count }, (_, offset) => ({ offset: String(offset), value }));
  const batch = {
    partition: id.partition,
    messages,
    fetchedOffset: '0',
    lastOffset: () => String(count - 1),
  };
  return batch as unknown as EachBatchPayload['batch'];
}

it('a full partition that goes to another member and comes back is fetched again', async () => {
  const fetch = fetching();
  const atWork = Promise.withResolvers<boolean>();
  const partitions = new Partitions({
    group: 'spec',
    take: 1,
    process: () => atWork.promise,
    fetch,
    committer: new OffsetCommitter(() => Promise.resolve()),
  });
  partitions.assign([id]);
  partitions.enqueue(topic, batchOf(1_000));
  expect([...fetch.paused]).toEqual([partitionKey(id)]);
  partitions.assign([]);
  partitions.assign([id]);
  expect([...fetch.paused]).toEqual([]);
  atWork.resolve(true);
  await partitions.close();
});

it('few records that are large fill a partition as many small ones do', async () => {
  const fetch = fetching();
  const atWork = Promise.withResolvers<boolean>();
  const partitions = new Partitions({
    group: 'spec',
    take: 1,
    process: () => atWork.promise,
    fetch,
    committer: new OffsetCommitter(() => Promise.resolve()),
  });
  partitions.assign([id]);
  partitions.enqueue(topic, batchOf(20, Buffer.alloc(1024 * 1024)));
  expect([...fetch.paused]).toEqual([partitionKey(id)]);
  atWork.resolve(true);
  await waitFor(() => fetch.paused.size === 0, { what: 'the partition to be fetched again' });
  await partitions.close();
});
