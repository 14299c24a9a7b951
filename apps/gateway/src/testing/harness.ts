import { HealthRegistry, createApp, initTracing } from '@nest-arch/platform';
import { HttpClient, engines, testKafkaPrefix, waitFor } from '@nest-arch/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadGatewayConfig } from '../config.js';
import { gatewayOptions } from '../options.js';
import { Issuer } from './issuer.js';
import { RevocationTopic } from './revocation-topic.js';
import { FakeService } from './services.js';

export interface Gateway {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly http: HttpClient;
  stop(): Promise<void>;
}

export interface Harness {
  readonly issuer: Issuer;
  readonly auth: FakeService;
  readonly profile: FakeService;
  readonly notification: FakeService;
  readonly analytics: FakeService;
  readonly topic: RevocationTopic;
  /** Another gateway beside the first, or one with other settings. */
  start(env?: Record<string, string>): Promise<Gateway>;
  stop(): Promise<void>;
}

/**
 * Fakes of the services' edges and a topic of revocations; the gateway between them is real. Routes of the fakes are
 * added by `prepare`, before they listen.
 */
export async function startHarness(
  prepare: (services: Pick<Harness, 'auth' | 'profile' | 'notification' | 'analytics'>) => void = () =>
    undefined,
): Promise<Harness> {
  const prefix = testKafkaPrefix();
  const issuer = await Issuer.create();
  const services = {
    auth: new FakeService(),
    profile: new FakeService(),
    notification: new FakeService(),
    analytics: new FakeService(),
  };
  services.auth.app.get('/.well-known/jwks.json', () => issuer.jwks);
  prepare(services);
  await Promise.all(Object.values(services).map((service) => service.start()));
  const topic = await new RevocationTopic(engines.kafkaBrokers, prefix).create();
  const gateways = new Set<Gateway>();
  return {
    ...services,
    issuer,
    topic,
    start: async (env = {}) => {
      const gateway = await startGateway({ ...environment(services, prefix), ...env });
      gateways.add(gateway);
      return gateway;
    },
    stop: async () => {
      await Promise.all([...gateways].map((gateway) => gateway.stop()));
      await Promise.all([topic.close(), ...Object.values(services).map((service) => service.stop())]);
    },
  };
}

function environment(services: Record<string, FakeService>, prefix: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    PORT: '0',
    AUTH_URL: services.auth?.url ?? '',
    PROFILE_URL: services.profile?.url ?? '',
    NOTIFICATION_URL: services.notification?.url ?? '',
    ANALYTICS_URL: services.analytics?.url ?? '',
    JWKS_URL: `${services.auth?.url}/.well-known/jwks.json`,
    KAFKA_BROKERS: engines.kafkaBrokers,
    KAFKA_TOPIC_PREFIX: prefix,
  };
}

async function startGateway(env: Record<string, string>): Promise<Gateway> {
  const config = loadGatewayConfig(env);
  await initTracing('gateway', config);
  const app = await createApp(gatewayOptions(config));
  await app.listen(0, '127.0.0.1').catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const url = await app.getUrl();
  let stopping: Promise<void> | undefined;
  return { app, url, http: new HttpClient(url), stop: () => (stopping ??= app.close()) };
}

/** What its orchestrator would find. */
export async function isReady({ app }: Gateway): Promise<boolean> {
  const checks = app.get(HealthRegistry).of('ready');
  const results = await Promise.allSettled(checks.map(async ({ check }) => check()));
  return results.every(({ status }) => status === 'fulfilled');
}

export async function untilReady(gateway: Gateway): Promise<void> {
  await waitFor(() => isReady(gateway), { what: 'the gateway to be ready' });
}
