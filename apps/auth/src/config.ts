import { accessTokenTtlSeconds } from '@nest-arch/contracts';
import { baseConfig, flag, loadConfig, localSecret, refuseLocalSecrets, secret } from '@nest-arch/platform';
import type { JWK } from 'jose';
import { z } from 'zod';

const seconds = z.coerce.number().int().positive();
const hour = 3_600;
const day = 24 * hour;

/** Key for local work: anybody can read it here, so production refuses it. */
const localKeyEncryptionKey = `local:${Buffer.alloc(32, localSecret).toString('base64url')}`;

const keyEncryptionKeys = z.string().transform((text, context) => {
  const keys = text.split(',').map((entry) => {
    const [id = '', value = ''] = entry.trim().split(':');
    return { id, key: Buffer.from(value, 'base64url') };
  });
  if (keys.every(({ id, key }) => /^[\w-]+$/.test(id) && key.length === 32)) return keys;
  context.addIssue({ code: 'custom', message: 'must be a list of id:key, each key 32 bytes in base64url' });
  return z.NEVER;
});

const publicKeySet = z.object({
  keys: z
    .array(z.looseObject({ kid: z.string().min(1), kty: z.enum(['EC', 'OKP']), crv: z.string() }))
    .min(1),
});

const challengeKeys = z.string().transform((text, context) => {
  const parsed = publicKeySet.safeParse(safeJson(text));
  // A private key here would be one more place from which it can leak.
  if (parsed.success && parsed.data.keys.every((key) => !('d' in key))) return parsed.data as { keys: JWK[] };
  context.addIssue({ code: 'custom', message: 'must be a JWK set of public keys with a kid each' });
  return z.NEVER;
});

const schema = z
  .object({
    ...baseConfig,
    PORT: baseConfig.PORT.default(3001),
    DATABASE_URL: z.url(),
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(10),
    DATABASE_PREPARED_STATEMENTS: flag.default(true),
    /** Written on users and into their tokens. */
    REGION: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/)
      .default('default'),
    /** `client_id` of tokens for our own products. */
    FIRST_PARTY_CLIENT_ID: z.string().default('first-party'),

    /** Encrypts the signing keys: id:key, separated by commas, the current one first. */
    KEY_ENCRYPTION_KEYS: z.string().default(localKeyEncryptionKey).pipe(keyEncryptionKeys),
    /** Public keys of the notification service; the first is used. */
    CHALLENGE_ENCRYPTION_JWKS: challengeKeys,
    /** Makes the directory's hashes: keep a copy, never change it. */
    IDENTIFIER_HMAC_KEY: secret,
    IDEMPOTENCY_HMAC_KEY: secret,

    REQUIRE_VERIFIED_EMAIL: flag.default(true),
    /** Code points after NFKC (NIST SP 800-63B-4: 15 where the password is the only factor). */
    PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(128).default(15),
    ARGON2_MEMORY_KIB: z.coerce.number().int().min(7_168).max(1_048_576).default(19_456),
    ARGON2_ITERATIONS: z.coerce.number().int().min(1).max(20).default(2),
    ARGON2_PARALLELISM: z.coerce.number().int().min(1).max(16).default(1),
    /** Hashes that may wait for a core; the next caller gets 503. */
    PASSWORD_QUEUE_LIMIT: z.coerce.number().int().min(1).max(10_000).default(64),

    /** At most what the topic of revocations is made for: a revoked token must not outlive its revocation. */
    ACCESS_TOKEN_TTL_SECONDS: seconds.max(accessTokenTtlSeconds).default(accessTokenTtlSeconds),
    SESSION_IDLE_SECONDS: seconds.default(30 * day),
    SESSION_ABSOLUTE_SECONDS: seconds.default(90 * day),
    VERIFICATION_TTL_SECONDS: seconds.max(day).default(day),
    /** Mails to one address in an hour that anonymous callers can cause. */
    RECIPIENT_MAILS_PER_HOUR: z.coerce.number().int().min(1).max(100).default(5),
    /** Tries to sign in with one address before each further one has to wait. */
    SIGN_IN_FREE_TRIES: z.coerce.number().int().min(1).max(100).default(10),
    /** The first wait; doubles with every further try. */
    SIGN_IN_FIRST_WAIT_SECONDS: seconds.default(2),
    SIGN_IN_LONGEST_WAIT_SECONDS: seconds.max(hour).default(900),
    /** How long after the last try the counter starts anew. */
    SIGN_IN_FORGET_SECONDS: seconds.default(day),
    CLEANUP_INTERVAL_SECONDS: seconds.default(60),
  })
  .superRefine(refuseLocalSecrets(['IDENTIFIER_HMAC_KEY', 'IDEMPOTENCY_HMAC_KEY']))
  .superRefine((config, context) => {
    if (config.NODE_ENV !== 'production') return;
    if (config.KEY_ENCRYPTION_KEYS.some(({ key }) => key.equals(Buffer.alloc(32, localSecret)))) {
      context.addIssue({
        code: 'custom',
        path: ['KEY_ENCRYPTION_KEYS'],
        message: 'must be set to keys of your own in production',
      });
    }
  });

export type AuthConfig = z.infer<typeof schema>;

/** What providers are given the configuration by. */
export const AUTH_CONFIG = Symbol('AUTH_CONFIG');

export function readConfig(env?: NodeJS.ProcessEnv): Readonly<AuthConfig> {
  return loadConfig(schema, env);
}

/** All that the migration job needs. */
export function readMigrationConfig(env?: NodeJS.ProcessEnv): { DATABASE_URL: string } {
  return loadConfig(z.object({ DATABASE_URL: z.url() }), env);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
