import { Partitioners } from '../kafka/kafka-client.js';

/** Answers on which of `partitions` partitions a key's records are written: the same that the publisher chooses. */
export function keyPartition(partitions: number): (key: string) => number {
  const choose = Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] },
  }));
  return (key) => choose({ topic: '', partitionMetadata, message: { key, value: null } });
}
