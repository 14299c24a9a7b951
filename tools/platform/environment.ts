import type { DatabaseUrls } from './databases.ts';
import type { Secrets } from './secrets.ts';
import { compileCache, type DatabaseOwner, databaseOwners, type ServiceName } from './services.ts';

/** What the environments of all services are made from. */
export interface Surroundings {
  databases: DatabaseUrls;
  brokers: string;
  redisUrl: string;
  smtpUrl: string;
  secrets: Secrets;
  /** Where each service is reached by the others. */
  urls: Record<ServiceName, string>;
  topicPrefix: string;
  /** What the caller sets for one service, or for all. */
  overrides: Partial<Record<ServiceName | 'all', Record<string, string>>>;
}

/** The environment of one service: ours, and what the caller has set, without anything that belongs to another service. */
export function environmentOf(name: ServiceName, around: Surroundings): NodeJS.ProcessEnv {
  return {
    ...inherited(),
    ...compileCache,
    ...common(around),
    ...own(name, around),
    ...around.overrides.all,
    ...around.overrides[name],
  };
}

const notInherited = /^(DATABASE_(REPLICA_)?URL|PORT$|MANAGEMENT_PORT$|npm_|NODE_OPTIONS$|TEST_|JEST_)/;

function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !notInherited.test(name)));
}

function common({ brokers, redisUrl, topicPrefix, urls, secrets }: Surroundings): Record<string, string> {
  return {
    NODE_ENV: process.env['NODE_ENV'] === 'production' ? 'production' : 'development',
    HOST: '127.0.0.1',
    // Lines for the log files; npm start prints them for people.
    LOG_PRETTY: 'false',
    EXIT_WITH_PARENT: 'true',
    SHUTDOWN_GRACE_MS: '3000',
    KAFKA_BROKERS: brokers,
    REDIS_URL: redisUrl,
    PUBLIC_URL: process.env['PUBLIC_URL'] ?? urls.gateway,
    JWKS_URL: `${urls.auth}/.well-known/jwks.json`,
    INTERNAL_API_TOKEN: secrets.internalApiToken,
    ...(topicPrefix && { KAFKA_TOPIC_PREFIX: topicPrefix }),
  };
}

function own(name: ServiceName, around: Surroundings): Record<string, string> {
  const { secrets, urls } = around;
  switch (name) {
    case 'gateway':
      return {
        AUTH_URL: urls.auth,
        PROFILE_URL: urls.profile,
        NOTIFICATION_URL: urls.notification,
        ANALYTICS_URL: urls.analytics,
      };
    case 'auth':
      return {
        ...withDatabase(name, around),
        CHALLENGE_ENCRYPTION_JWKS: secrets.challengeEncryptionJwks,
        KEY_ENCRYPTION_KEYS: secrets.keyEncryptionKeys,
        IDENTIFIER_HMAC_KEY: secrets.identifierHmacKey,
      };
    case 'notification':
      return {
        ...withDatabase(name, around),
        CHALLENGE_DECRYPTION_JWKS: secrets.challengeDecryptionJwks,
        SMTP_URL: around.smtpUrl,
        MAIL_FROM: process.env['MAIL_FROM'] ?? 'nest-arch <no-reply@localhost.localdomain>',
        APP_LINK_BASE_URL: process.env['APP_LINK_BASE_URL'] ?? urls.gateway,
      };
    default:
      return withDatabase(name, around);
  }
}

function withDatabase(name: DatabaseOwner, { databases, secrets }: Surroundings): Record<string, string> {
  return { DATABASE_URL: databases[name], IDEMPOTENCY_HMAC_KEY: secrets.idempotencyHmacKeys[name] };
}

/** Databases of one's own, where all four are set; naming some of them alone is a mistake worth a word. */
export function externalDatabases(env: NodeJS.ProcessEnv = process.env): DatabaseUrls | undefined {
  const entries = databaseOwners.map((name) => [name, env[`DATABASE_URL_${name.toUpperCase()}`]] as const);
  const missing = entries.filter(([, url]) => !url).map(([name]) => `DATABASE_URL_${name.toUpperCase()}`);
  if (missing.length === entries.length) return undefined;
  if (missing.length > 0) throw new Error(`${missing.join(', ')} must be set as well, or none of the four`);
  return Object.fromEntries(entries) as DatabaseUrls;
}
