import { type ChallengeSecret, type SessionTokens } from '@nest-arch/contracts';
import { type Db, execute, many, one } from '@nest-arch/database';
import { createApp } from '@nest-arch/platform';
import { HttpClient, type TestDatabase, engines, testDatabase, testKafkaPrefix } from '@nest-arch/testing';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { register } from 'prom-client';
import { AppModule, type AppModuleOptions } from '../app.module.js';
import { readConfig } from '../config.js';
import { migrations } from '../migrations/index.js';

export const password = 'a long enough password';
export const otherPassword = 'another long password';

export interface Announcement {
  type: string;
  key: string;
  version: number | null;
  data: Record<string, unknown>;
}

interface StartOptions extends AppModuleOptions {
  env?: Record<string, string>;
  topicPrefix?: string;
  strategies?: (app: NestFastifyApplication) => CustomTransportStrategy[];
}

const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'test', alg: 'ECDH-ES+A256KW', use: 'enc' };
let count = 0;

/** The service on a database of its own. Without `relay`, what it announces stays in the outbox for specs to read. */
export async function startAuth(options: StartOptions = {}): Promise<Given> {
  const database = await testDatabase({ migrations });
  return new Given(database, await startApp(database.url, options));
}

/** One more replica on the same database. */
export async function startApp(url: string, options: StartOptions): Promise<NestFastifyApplication> {
  const config = readConfig(environment(url, options));
  const { relay = false, background = false, strategies } = options;
  const module = AppModule.forRoot(config, { relay, background });
  const app = await createApp({ name: 'auth', module, config, ...(strategies && { strategies }) });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return app;
}

function environment(url: string, { env = {}, topicPrefix = testKafkaPrefix() }: StartOptions) {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: '20',
    KAFKA_BROKERS: engines.kafkaBrokers,
    KAFKA_TOPIC_PREFIX: topicPrefix,
    REDIS_URL: engines.redisUrl,
    CHALLENGE_ENCRYPTION_JWKS: JSON.stringify({ keys: [jwk] }),
    // The cheapest that the configuration allows: specs are about rules, not about cost.
    ARGON2_MEMORY_KIB: '7168',
    ARGON2_ITERATIONS: '1',
    ...env,
  };
}

/** What specs of this app do to get somewhere, and how they look at what became true. */
export class Given {
  readonly http: HttpClient;

  constructor(
    readonly database: TestDatabase,
    readonly app: NestFastifyApplication,
  ) {
    const { port } = app.getHttpServer().address() as { port: number };
    this.http = new HttpClient(`http://127.0.0.1:${port}`);
  }

  get db(): Db {
    return this.database.db;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  /** An address that nobody has used. */
  address(): string {
    count += 1;
    return `person${count}.${Date.now().toString(36)}@example.com`;
  }

  register(email: string, body: Record<string, unknown> = {}) {
    return this.http.post('/v1/auth/register', { email, password, ...body });
  }

  verify(token: string, body: Record<string, unknown> = {}) {
    return this.http.post('/v1/auth/email/verify', { token, ...body });
  }

  login(email: string, body: Record<string, unknown> = {}) {
    return this.http.post('/v1/auth/login', { email, password, ...body });
  }

  refresh(refreshToken: string) {
    return this.http.post('/v1/auth/refresh', { refreshToken });
  }

  /** A verified account. */
  async account(
    email = this.address(),
    body: Record<string, unknown> = {},
  ): Promise<{ email: string; userId: string }> {
    await this.register(email, body);
    const { userId, token = '' } = await this.lastMail(email);
    const { status } = await this.verify(token);
    if (status !== 204) throw new Error(`verification answered ${status}`);
    return { email, userId };
  }

  async signedIn(email?: string): Promise<SessionTokens & { email: string; userId: string }> {
    const account = await this.account(email);
    const { body } = await this.login(account.email);
    return { ...(body as SessionTokens), ...account };
  }

  /** What was announced so far, of one user or of all. */
  announcements(userId?: string): Promise<Announcement[]> {
    return many<Announcement>(
      this.db,
      `select type, key, version, payload::jsonb as data from outbox where $1::text is null or key = $1 order by seq`,
      [userId ?? null],
    );
  }

  async announcedTypes(userId: string): Promise<string[]> {
    return (await this.announcements(userId)).map(({ type }) => type);
  }

  /** The mails that the notification service would send to an address, oldest first. */
  async mails(
    email: string,
  ): Promise<(ChallengeSecret & { userId: string; purpose: unknown; locale: unknown })[]> {
    const challenges = (await this.announcements()).filter(({ type }) => type === 'auth.challenge.issued.v1');
    const opened = await Promise.all(
      challenges.map(async ({ data }) => {
        const { plaintext } = await compactDecrypt(String(data['jwe']), pair.privateKey);
        const secret = JSON.parse(new TextDecoder().decode(plaintext)) as ChallengeSecret;
        return {
          ...secret,
          userId: String(data['userId']),
          purpose: data['purpose'],
          locale: data['locale'],
        };
      }),
    );
    return opened.filter(({ recipient }) => recipient === email);
  }

  async lastMail(email: string) {
    const mail = (await this.mails(email)).at(-1);
    if (!mail) throw new Error(`no mail to ${email}`);
    return mail;
  }

  async auditActions(userId: string): Promise<string[]> {
    const rows = await many<{ action: string }>(
      this.db,
      `select action from audit_log where user_id = $1 order by audit_id`,
      [userId],
    );
    return rows.map(({ action }) => action);
  }

  async countRows(table: string): Promise<number> {
    return (await one<{ count: number }>(this.db, `select count(*)::int as count from ${table}`)).count;
  }

  run(sql: string, params: unknown[] = []): Promise<number> {
    return execute(this.db, sql, params);
  }

  /** Argon2 computations and statements that `work` costs. */
  async costOf<T>(work: () => Promise<T>): Promise<{ result: T; hashes: number; statements: number }> {
    const before = await readCosts();
    const result = await work();
    const after = await readCosts();
    return {
      result,
      hashes: after.hashes - before.hashes,
      statements: after.statements - before.statements,
    };
  }
}

async function readCosts(): Promise<{ hashes: number; statements: number }> {
  const read = async (name: string, part?: string) => {
    const values = (await register.getSingleMetric(name)?.get())?.values ?? [];
    const wanted = values.filter(
      (each) => part === undefined || (each as { metricName?: string }).metricName === part,
    );
    return wanted.reduce((sum, { value }) => sum + value, 0);
  };
  return {
    hashes: await read('auth_password_hashes_total'),
    statements: await read('database_statement_seconds', 'database_statement_seconds_count'),
  };
}
