import { z } from 'zod';

/** A switch in an environment variable. */
export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');

export const port = z.coerce.number().int().min(0).max(65535);

/** A list in an environment variable, separated by commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part.length > 0),
);

/** Default of every secret for local work; refused when NODE_ENV is production. */
export const localSecret = 'local-development-only-not-a-secret-000';

/** A secret with a default for local work alone. */
export const secret = z.string().min(32).default(localSecret);

/** What every app reads. Spread into the schema of an app's `config.ts`. */
export const baseConfig = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: port,
  /** Health and metrics; not to be reachable from outside. 0 takes a free one. */
  MANAGEMENT_PORT: port.default(0),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_PRETTY: flag.optional(),
  KAFKA_BROKERS: list.default(['127.0.0.1:9092']),
  KAFKA_TOPIC_PREFIX: z.string().default(''),
  REDIS_URL: z.url().default('redis://127.0.0.1:6379'),
  JWKS_URL: z.url().default('http://127.0.0.1:3001/.well-known/jwks.json'),
  TOKEN_ISSUER: z.string().default('nest-arch'),
  TOKEN_AUDIENCE: z.string().default('nest-arch'),
  /** Shared by the gateway and the services for routes below /internal. */
  INTERNAL_API_TOKEN: secret,
  /** How long running requests may take after SIGTERM. */
  SHUTDOWN_GRACE_MS: z.coerce.number().int().min(0).default(8_000),
  /** How long an app goes on taking requests after it has said that it is not ready: for load balancers to notice. */
  DRAIN_DELAY_MS: z.coerce.number().int().min(0).default(0),
  /** Set by `npm start`: the app ends when its parent has gone. */
  EXIT_WITH_PARENT: flag.default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_TRACES_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1),
};

export type BaseConfig = z.infer<z.ZodObject<typeof baseConfig>>;

/**
 * For `.superRefine` of an app's schema: production refuses the secrets that only serve local work.
 *
 * @param names the variables of the app that hold secrets
 */
export function refuseLocalSecrets(names: readonly string[]) {
  return (config: { NODE_ENV: string }, context: z.RefinementCtx): void => {
    if (config.NODE_ENV !== 'production') return;
    for (const name of ['INTERNAL_API_TOKEN', ...names]) {
      if ((config as Record<string, unknown>)[name] !== localSecret) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'must be set to a secret of your own in production',
      });
    }
  };
}
