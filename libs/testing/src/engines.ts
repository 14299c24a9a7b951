import { randomBytes } from 'node:crypto';

function address(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: run the specs by npm test, or source what npm run engines prints`);
  return value;
}

/** Addresses of the real engines that Jest's global set-up has started. */
export const engines = {
  /** Superuser, so that a spec can make its own database. */
  get postgresUrl() {
    return address('TEST_POSTGRES_URL');
  },
  get kafkaBrokers() {
    return address('TEST_KAFKA_BROKERS');
  },
  get redisUrl() {
    return address('TEST_REDIS_URL');
  },
};

/** A prefix for the topics, groups or keys of one spec file, so that files run in parallel on one engine. */
export function testKafkaPrefix(): string {
  return `t${randomBytes(5).toString('hex')}.`;
}
