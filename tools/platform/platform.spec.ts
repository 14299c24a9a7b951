import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dropDatabases } from './databases.ts';
import { writeStubApps } from './fixtures/stub-apps.ts';
import { type Platform, startPlatform, uniquePrefix } from './platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'nest-arch-platform-'));
const dataDir = join(folder, 'data');
const prefix = uniquePrefix();
const serverUrl = process.env['TEST_POSTGRES_URL'] ?? '';
const said: string[] = [];
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({
    dataDir,
    appsDir: writeStubApps(folder),
    build: false,
    prefix,
    engines: {
      postgresUrl: serverUrl,
      brokers: process.env['TEST_KAFKA_BROKERS'] ?? '',
      redisUrl: process.env['TEST_REDIS_URL'] ?? '',
      smtpUrl: 'smtp://user:secret@127.0.0.1:1',
    },
    replicas: { auth: 2 },
    say: (line) => said.push(line),
  });
}, 30_000);
afterAll(async () => {
  await platform.stop();
  await dropDatabases(serverUrl, `${prefix}_`);
  rmSync(folder, { recursive: true, force: true });
});

it('spreads connections over the replicas of a service', async () => {
  const pids = new Set([await pidAt(platform.urls.auth), await pidAt(platform.urls.auth)]);

  expect(pids).toEqual(new Set([platform.service('auth', 0).pid, platform.service('auth', 1).pid]));
});

it('starts a killed service again, and says so', async () => {
  const service = platform.service('profile');
  const { pid } = service;

  service.kill('SIGKILL');
  await until(() => service.pid !== undefined && service.pid !== pid);
  await service.ready();

  expect(said).toContainEqual(
    expect.stringMatching(/^profile ended \(SIGKILL\); it is started again in 0.5 s$/),
  );
});

it('goes on through the other replica when one dies', async () => {
  platform.service('auth', 0).kill('SIGKILL');
  await until(() => platform.service('auth', 0).pid === undefined);

  expect(await pidAt(platform.urls.auth)).toBe(platform.service('auth', 1).pid);
});

it('gives no service what belongs to another', async () => {
  const names = async (url: string) => ((await (await fetch(url)).json()) as { env: string[] }).env;

  expect(await names(platform.urls.gateway)).not.toContain('DATABASE_URL');
  expect(await names(platform.urls.auth)).not.toContain('CHALLENGE_DECRYPTION_JWKS');
  expect(await names(platform.urls.profile)).not.toContain('KEY_ENCRYPTION_KEYS');
});

it('writes the addresses of everything, and no secret, to run.json', () => {
  const text = readFileSync(join(dataDir, 'run.json'), 'utf8');

  expect(JSON.parse(text)).toMatchObject({
    gateway: platform.urls.gateway,
    services: { auth: platform.urls.auth, analytics: platform.urls.analytics },
    mail: { smtp: 'smtp://user@127.0.0.1:1' },
    kafka: process.env['TEST_KAFKA_BROKERS'],
  });
  expect(text).not.toContain(platform.secrets.databasePasswords.auth);
});

it('keeps its secrets where only their owner can read them', () => {
  expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
});

async function pidAt(url: string): Promise<number> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return ((await response.json()) as { pid: number }).pid;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
