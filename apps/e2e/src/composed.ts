import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient, SmtpSink, engines } from '@nest-arch/testing';
import { Client } from 'pg';
import { SpanCollector } from './span-collector.ts';
import {
  type Platform,
  type PlatformOptions,
  startPlatform,
  uniquePrefix,
} from '../../../tools/platform/platform.ts';

export interface Composed {
  platform: Platform;
  /** The gateway. */
  api: HttpClient;
  /** Every mail the platform has handed to SMTP. */
  smtp: SmtpSink;
  /** What the services report of themselves. */
  collector: SpanCollector;
  prefix: string;
  /** Rows of a service's database, for what no API shows. */
  rows<T extends object>(
    service: 'auth' | 'profile' | 'notification' | 'analytics',
    sql: string,
  ): Promise<T[]>;
  stop(): Promise<void>;
}

/**
 * The whole system as separate processes on the engines of the test run, with databases and topics of its own. `engines`
 * names those that are others.
 */
export async function composed(options: Partial<PlatformOptions> = {}): Promise<Composed> {
  const smtp = await new SmtpSink().start();
  const collector = await new SpanCollector().start();
  const prefix = uniquePrefix();
  const dataDir = mkdtempSync(join(tmpdir(), 'nest-arch-e2e-'));
  const platform = await startPlatform({
    dataDir,
    prefix,
    build: false,
    env: { all: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '500' } },
    durable: false,
    ...options,
    engines: {
      postgresUrl: engines.postgresUrl,
      brokers: engines.kafkaBrokers,
      redisUrl: engines.redisUrl,
      smtpUrl: smtp.url,
      ...options.engines,
    },
  });
  return {
    platform,
    smtp,
    collector,
    prefix: `${prefix}.`,
    api: new HttpClient(platform.urls.gateway),
    rows: (service, sql) => rows(platform.engines.databases[service], sql),
    stop: async () => {
      await platform.stop();
      await smtp.stop();
      collector.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function rows<T extends object>(connectionString: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}
