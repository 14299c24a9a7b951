import type { GivenEngines } from './engine-set.ts';
import { externalDatabases } from './environment.ts';

/** The engines that the environment names. */
export function givenEngines(env: NodeJS.ProcessEnv = process.env): GivenEngines {
  const databases = externalDatabases(env);
  return {
    ...(databases && { databases }),
    ...(env['KAFKA_BROKERS'] && { brokers: env['KAFKA_BROKERS'] }),
    ...(env['REDIS_URL'] && { redisUrl: env['REDIS_URL'] }),
    ...(env['SMTP_URL'] && { smtpUrl: env['SMTP_URL'] }),
  };
}
