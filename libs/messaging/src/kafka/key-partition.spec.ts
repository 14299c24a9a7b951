import { randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Partitioners } from './kafka-client.js';
import { keyPartition } from './key-partition.js';

it('chooses the partition that kafkajs and every other client choose', () => {
  const theirs = Partitioners.DefaultPartitioner();
  const keys: (string | Buffer)[] = ['', 'a', 'ab', 'abc', 'heartbeat-3', 'Zürich', '🙂'];
  for (let i = 0; i < 500; i += 1) keys.push(randomUUID(), randomBytes(i % 37));
  for (const partitions of [1, 3, 8, 50]) {
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      ...{ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] },
    }));
    const expected = keys.map((key) =>
      theirs({ topic: 't', partitionMetadata, message: { key, value: null } }),
    );
    expect(keys.map((key) => keyPartition(key, partitions))).toEqual(expected);
  }
});
