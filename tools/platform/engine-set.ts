import type { Progress } from '../bootstrap/progress.mjs';
import { createDatabases, type DatabaseUrls } from './databases.ts';
import { LocalEngines } from './local-engines.ts';
import type { Ports } from './ports-file.ts';
import type { Secrets } from './secrets.ts';

/** Engines that are there already and are used instead of the embedded ones. */
export interface GivenEngines {
  /** Superuser; databases and roles are made in it. */
  postgresUrl?: string;
  /** Databases that are there already. */
  databases?: DatabaseUrls;
  brokers?: string;
  redisUrl?: string;
  smtpUrl?: string;
}

export interface EngineSetOptions {
  dataDir: string;
  ports: Ports;
  progress: Progress;
  say: (line: string) => void;
  engines?: GivenEngines;
  prefix?: string;
  durable?: boolean;
}

/** What the services need around them: each engine is the given one, or an embedded one that is started. */
export class EngineSet {
  private readonly options: EngineSetOptions;
  private readonly given: GivenEngines;
  private readonly local: LocalEngines;

  constructor(options: EngineSetOptions) {
    this.options = options;
    this.given = options.engines ?? {};
    this.local = new LocalEngines({ ...options, durable: options.durable ?? true });
  }

  async databases({ postgresPassword, databasePasswords }: Secrets): Promise<DatabaseUrls> {
    if (this.given.databases) return this.given.databases;
    const serverUrl = this.given.postgresUrl ?? (await this.postgres(postgresPassword));
    const { prefix = '' } = this.options;
    return this.step(
      'Databases and roles',
      () => createDatabases({ serverUrl, passwords: databasePasswords, prefix: prefix && `${prefix}_` }),
      'the user of the Postgres address must be allowed to create roles and databases',
    );
  }

  async kafka(): Promise<string> {
    const remedy = 'see .data/logs/kafka.log, or set KAFKA_BROKERS to your own cluster';
    return this.given.brokers ?? this.step('Kafka', () => this.local.kafka(), remedy);
  }

  async redis(): Promise<string> {
    const remedy = 'install redis-server or valkey-server, or set REDIS_URL';
    return this.given.redisUrl ?? this.step('Redis', () => this.local.redis(), remedy);
  }

  async mail(): Promise<{ smtp: string; web: string | null }> {
    if (this.given.smtpUrl) return { smtp: this.given.smtpUrl, web: null };
    return this.step('Mail catcher', () => this.local.mail(), 'see .data/logs/mail.log, or set SMTP_URL');
  }

  stop(): Promise<void> {
    return this.local.stop();
  }

  private postgres(password: string): Promise<string> {
    const remedy =
      'see .data/logs/postgres.log, or set DATABASE_URL_AUTH, _PROFILE, _NOTIFICATION and _ANALYTICS to your own';
    return this.step('Postgres', () => this.local.postgres(password), remedy);
  }

  private step<T>(name: string, work: () => Promise<T>, remedy: string): Promise<T> {
    return this.options.progress.step(name, work, { remedy });
  }
}
