import { join } from 'node:path';
import type { TopicDefinition } from '@nest-arch/contracts';
import { type Db, openDatabase, runMigrations } from '@nest-arch/database';
import { createTopics, messagingMigrations, Publisher } from '@nest-arch/messaging';
import { Client } from 'pg';
import type { KafkaEngine } from '../../../tools/engines/kafka.ts';
import type { PostgresEngine } from '../../../tools/engines/postgres.ts';
import { Stopwatch } from './stopwatch.ts';

export interface BenchDatabase {
  db: Db;
  url: string;
}

/** As many connections as our services have out of the box. */
export const poolSize = 12;

/** The engines of one run, and what every scenario needs of them. */
export class World {
  readonly brokers: string[];
  readonly postgresUrl: string;
  /** How long each steady measurement takes. */
  readonly seconds: number;
  private readonly engines: { postgres: PostgresEngine; kafka: KafkaEngine };
  private readonly profileFolder: string | undefined;
  private readonly closing: (() => Promise<unknown>)[] = [];

  constructor(
    engines: { postgres: PostgresEngine; kafka: KafkaEngine },
    options: { seconds: number; profile?: string | undefined },
  ) {
    this.engines = engines;
    this.brokers = [engines.kafka.brokers];
    this.postgresUrl = engines.postgres.url;
    this.seconds = options.seconds;
    this.profileFolder = options.profile;
  }

  /** A new database with the library's tables. */
  async database(name: string): Promise<BenchDatabase> {
    const server = new Client({ connectionString: this.postgresUrl });
    await server.connect();
    await server.query(`create database ${name}`);
    await server.end();
    const url = new URL(this.postgresUrl);
    url.pathname = `/${name}`;
    await runMigrations({ url: url.href, migrations: messagingMigrations });
    // Preparing may take longer than a request of a service.
    const db = await openDatabase({ url: url.href, poolSize, statementTimeoutMs: 60_000 });
    this.closing.push(() => db.close());
    return { db, url: url.href };
  }

  /** Topics of the contracts under a prefix of their own. */
  async topics(
    prefix: string,
    only: readonly TopicDefinition[],
    groups: Record<string, readonly TopicDefinition[]> = {},
  ): Promise<void> {
    await createTopics({ brokers: this.brokers, prefix, only, groups });
  }

  publisher(topicPrefix: string): Publisher {
    const publisher = new Publisher({ brokers: this.brokers, clientId: 'bench', topicPrefix });
    this.closing.push(() => publisher.close());
    return publisher;
  }

  /** Starts to measure time and CPU. The name is that of the profile, if one was asked for. */
  watch(name: string): Promise<Stopwatch> {
    const profile = this.profileFolder && join(this.profileFolder, `${name}.cpuprofile`);
    return Stopwatch.start(this.enginePids, profile);
  }

  get enginePids() {
    return { postgres: this.engines.postgres.process.pid, kafka: this.engines.kafka.process.pid };
  }

  async close(): Promise<void> {
    await Promise.all(this.closing.map((close) => close()));
  }
}
