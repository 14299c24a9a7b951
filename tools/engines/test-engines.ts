import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtEnd } from '../process/owned-process.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** The variables by which specs find their engines; one that is set is used as it is. */
export const testVariables = ['TEST_POSTGRES_URL', 'TEST_KAFKA_BROKERS', 'TEST_REDIS_URL'] as const;
export type TestAddresses = Record<(typeof testVariables)[number], string>;

export interface TestEngines {
  addresses: TestAddresses;
  stop(): Promise<void>;
}

/** Starts fresh engines in a temporary folder, except those whose variable is set. The folder goes when we go. */
export async function startTestEngines(env: NodeJS.ProcessEnv = process.env): Promise<TestEngines> {
  const given = addressesIn(env);
  if (given) return { addresses: given, stop: () => Promise.resolve() };
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-test-'));
  chmodSync(folder, 0o711); // Postgres' own user passes through it
  removeAtEnd(folder);
  const logFile = (name: string) => join(folder, `${name}.log`);
  const running: { process: { kill(): void } }[] = [];
  const started = async <E extends { process: { kill(): void } }>(starting: Promise<E>): Promise<E> => {
    const engine = await starting;
    running.push(engine);
    return engine;
  };
  const at = (name: string) => ({ dataDir: join(folder, name), logFile: logFile(name) });

  const [postgres, kafka, redis] = await Promise.all([
    env['TEST_POSTGRES_URL'] ??
      started(
        startPostgres({ ...at('postgres'), password: randomBytes(12).toString('hex'), durable: false }),
      ).then(({ url }) => url),
    env['TEST_KAFKA_BROKERS'] ??
      started(startKafka({ ...at('kafka'), shortLived: true })).then(({ brokers }) => brokers),
    env['TEST_REDIS_URL'] ?? started(startRedis(at('redis'))).then(({ url }) => url),
  ]);
  return {
    addresses: { TEST_POSTGRES_URL: postgres, TEST_KAFKA_BROKERS: kafka, TEST_REDIS_URL: redis },
    // Nothing of theirs is needed any more, so nobody waits for an orderly end.
    stop: async () => running.forEach((engine) => engine.process.kill()),
  };
}

function addressesIn(env: NodeJS.ProcessEnv): TestAddresses | null {
  const entries = testVariables.map((name) => [name, env[name]] as const);
  return entries.every(([, value]) => value) ? (Object.fromEntries(entries) as TestAddresses) : null;
}
