import { baseConfig, flag, loadConfig, refuseLocalSecrets } from '@nest-arch/platform';
import { z } from 'zod';

const schema = z
  .object({
    ...baseConfig,
    PORT: baseConfig.PORT.default(3004),
    DATABASE_URL: z.url(),
    /** More than the eight handlers of events, so that requests always find a connection. */
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(12),
    DATABASE_PREPARED_STATEMENTS: flag.default(true),
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
