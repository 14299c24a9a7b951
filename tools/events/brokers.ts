import { StepError } from '../bootstrap/progress.mjs';
import { readRunFile } from '../platform/run-file.ts';

export interface KafkaAccess {
  brokers: string[];
  /** Stands before every topic and group name; empty by default. */
  topicPrefix: string;
}

/** Where Kafka is: `KAFKA_BROKERS` and `KAFKA_TOPIC_PREFIX`, else the platform that runs from this checkout. */
export function kafkaAccess(env: NodeJS.ProcessEnv = process.env): KafkaAccess {
  const addresses = env['KAFKA_BROKERS'] || readRunFile()?.kafka;
  if (!addresses)
    throw new StepError(
      'no Kafka is known: KAFKA_BROKERS is not set, and no platform runs from this checkout',
      'start the platform (npm start), or set KAFKA_BROKERS=host:port[,host:port] and, if topics have one, KAFKA_TOPIC_PREFIX',
    );
  return { brokers: addresses.split(','), topicPrefix: env['KAFKA_TOPIC_PREFIX'] ?? '' };
}
