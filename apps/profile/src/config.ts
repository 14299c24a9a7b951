import { baseConfig, flag, loadConfig, refuseLocalSecrets } from '@nest-arch/platform';
import { z } from 'zod';

const schema = z
  .object({
    ...baseConfig,
    PORT: baseConfig.PORT.default(3002),
    DATABASE_URL: z.url(),
    /** More than the eight handlers of events, so that requests always find a connection. */
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(15),
    DATABASE_PREPARED_STATEMENTS: flag.default(true),
    /** How long a profile may be answered from the cache when its invalidation was lost. */
    CACHE_TTL_SECONDS: z.coerce.number().int().min(1).max(3_600).default(60),
    /** How long `GET /v1/users/me` waits for the record of a person who has only just registered. */
    ARRIVAL_WAIT_MS: z.coerce.number().int().min(0).max(5_000).default(2_000),
  })
  .superRefine(refuseLocalSecrets([]));

export type Config = z.infer<typeof schema>;

export function readConfig(env?: NodeJS.ProcessEnv): Readonly<Config> {
  return loadConfig(schema, env);
}

/** All that the migration job needs. */
export function readMigrationConfig(env?: NodeJS.ProcessEnv): { DATABASE_URL: string } {
  return loadConfig(z.object({ DATABASE_URL: z.url() }), env);
}
