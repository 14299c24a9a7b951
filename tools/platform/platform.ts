import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Progress, StepError } from '../bootstrap/progress.mjs';
import { root } from '../process/paths.ts';
import { freePort, isFree } from '../process/ports.ts';
import { Balancer } from './balancer.ts';
import { buildApps } from './build.ts';
import type { DatabaseUrls } from './databases.ts';
import { EngineSet, type GivenEngines } from './engine-set.ts';
import { environmentOf, type Surroundings } from './environment.ts';
import { migrate, migrateOnce } from './migrate.ts';
import { type Ports, readPorts, writePorts } from './ports-file.ts';
import { removeRunFile, type RunFile, withoutPassword, writeRunFile } from './run-file.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { ServiceProcess } from './service-process.ts';
import { databaseOwners, type ServiceName, serviceNames } from './services.ts';

export interface PlatformOptions {
  dataDir: string;
  engines?: GivenEngines;
  ports?: Ports;
  /** How many of each; one where not said. */
  replicas?: Partial<Record<ServiceName, number>>;
  /** Variables for one service, or for all. */
  env?: Partial<Record<ServiceName | 'all', Record<string, string>>>;
  /** Put before the names of databases, roles, topics and groups, where several platforms share the engines. */
  prefix?: string;
  /** False where nothing must survive a power cut. */
  durable?: boolean;
  /** False when the compiled code is known to be fresh. */
  build?: boolean;
  /** Folder with `<service>/dist/main.js`, such as another commit's apps/; ours where not said. */
  appsDir?: string;
  progress?: Progress;
  say?: (line: string) => void;
}

export interface EngineAddresses {
  databases: DatabaseUrls;
  brokers: string;
  redisUrl: string;
  smtpUrl: string;
  mailWeb: string | null;
}

/** Starts engines and services as `npm start` does, and waits until all are ready. On a failure nothing is left running. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const platform = new Platform(options);
  try {
    await platform.start();
    return platform;
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

export class Platform {
  readonly services: ServiceProcess[] = [];
  /** Where each service is reached; with several replicas, through a balancer (the gateway: its first replica). */
  urls = {} as Record<ServiceName, string>;
  engines = {} as EngineAddresses;
  secrets = {} as Secrets;
  readonly startedAt = new Date();
  private readonly options: PlatformOptions;
  private readonly progress: Progress;
  private readonly say: (line: string) => void;
  private readonly ports: Ports;
  private readonly engineSet: EngineSet;
  private readonly balancers: Balancer[] = [];
  private surroundings: Surroundings | undefined;
  private starting: Promise<unknown>[] = [];
  private stopping = false;

  constructor(options: PlatformOptions) {
    this.options = options;
    this.progress = options.progress ?? new Progress({ quiet: true });
    this.say = options.say ?? (() => undefined);
    mkdirSync(join(options.dataDir, 'logs'), { recursive: true });
    this.ports = { ...readPorts(options.dataDir), ...options.ports };
    this.engineSet = new EngineSet({ ...options, ports: this.ports, say: this.say, progress: this.progress });
  }

  async start(): Promise<void> {
    this.secrets = await loadSecrets(this.options.dataDir);
    await this.choosePorts();
    const built = this.begin(
      this.options.build === false ? Promise.resolve() : this.step('Build', buildApps),
    );
    const databases = this.begin(this.engineSet.databases(this.secrets));
    const brokers = this.begin(this.engineSet.kafka());
    const rest = this.begin(Promise.all([this.engineSet.redis(), this.engineSet.mail()]));
    // Whatever needs two things waits for these two alone.
    const topics = this.begin(
      Promise.all([built, brokers]).then(([, address]) => this.createTopics(address)),
    );
    const migrated = this.begin(Promise.all([built, databases]).then(([, urls]) => this.migrate(urls)));
    // All at once: the first that fails ends the start.
    const [urls, address, [redisUrl, mail]] = await Promise.all([databases, brokers, rest, topics, migrated]);
    this.engines = { databases: urls, brokers: address, redisUrl, smtpUrl: mail.smtp, mailWeb: mail.web };
    if (this.stopping) throw new Error('stopped while starting');
    await this.startServices();
    writePorts(this.options.dataDir, this.ports);
    writeRunFile(this.options.dataDir, this.runFile());
  }

  /** In order: the gateway takes no more requests, the services finish and publish what they have, then the engines. */
  async stop(): Promise<void> {
    this.stopping = true;
    removeRunFile(this.options.dataDir);
    // What is still coming up must be there to be stopped; a broker that hangs is left to the watchdog.
    await settledWithin(this.starting, 3_000);
    const stopAll = (some: ServiceProcess[]) => Promise.all(some.map((service) => service.stop()));
    await stopAll(this.services.filter(({ name }) => name === 'gateway'));
    await stopAll(this.services.filter(({ name }) => name !== 'gateway'));
    for (const balancer of this.balancers) balancer.close();
    await this.engineSet.stop();
  }

  /** One replica, counted from 0. */
  service(name: ServiceName, replica = 0): ServiceProcess {
    const service = this.services.filter((one) => one.name === name)[replica];
    if (!service) throw new Error(`there is no replica ${replica} of ${name}`);
    return service;
  }

  /** What the service's processes run with, for commands such as `npm run admin`. */
  environmentOf(name: ServiceName): NodeJS.ProcessEnv {
    if (!this.surroundings) throw new Error('the platform has not started');
    return environmentOf(name, this.surroundings);
  }

  runFile(): RunFile {
    const management = Object.fromEntries(
      serviceNames.map((name) => [name, this.service(name).managementUrl]),
    );
    return {
      pid: process.pid,
      startedAt: this.startedAt.toISOString(),
      gateway: this.urls.gateway,
      services: Object.fromEntries(
        databaseOwners.map((name) => [name, this.urls[name]]),
      ) as RunFile['services'],
      management: management as RunFile['management'],
      mail: { smtp: withoutPassword(this.engines.smtpUrl), web: this.engines.mailWeb },
      postgres: new URL('/', withoutPassword(this.engines.databases.auth)).href,
      kafka: this.engines.brokers,
      redis: withoutPassword(this.engines.redisUrl),
      logs: relative(root, join(this.options.dataDir, 'logs')) || '.',
    };
  }

  get dataDir(): string {
    return this.options.dataDir;
  }

  private get appsDir(): string {
    return this.options.appsDir ?? join(root, 'apps');
  }

  private begin<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // reported by whoever awaits it
    this.starting.push(work);
    return work;
  }

  private step<T>(
    name: string,
    work: () => Promise<T>,
    options?: { remedy?: string; done?: (result: T) => string },
  ) {
    return this.progress.step(name, work, options);
  }

  private async choosePorts(): Promise<void> {
    for (const [name, port] of Object.entries(this.options.ports ?? {})) {
      if (await isFree(port)) continue;
      const variable = name === 'gateway' ? 'PORT' : 'its variable';
      throw new StepError(
        `Port ${port} (${name}) is taken by another process`,
        `set ${variable} to a free one, for example: PORT=${port + 100} npm start`,
      );
    }
    this.ports['gateway'] ??= await freePort();
  }

  private createTopics(brokers: string): Promise<void> {
    return this.step('Topics', async () => {
      // By its file: the library's door would load all of Nest into the supervisor.
      const file = pathToFileURL(join(root, 'libs/messaging/dist/topics/create-topics.js')).href;
      const { createTopics } = (await import(file)) as {
        createTopics(options: {
          brokers: string[];
          prefix?: string;
        }): Promise<{ tooFewPartitions: string[] }>;
      };
      const { prefix } = this.options;
      await createTopics({ brokers: brokers.split(','), ...(prefix && { prefix: `${prefix}.` }) });
    });
  }

  private async migrate(databases: DatabaseUrls): Promise<void> {
    const { appsDir, dataDir, engines = {} } = this.options;
    const ours = !appsDir && !engines.databases && !engines.postgresUrl;
    await this.step(
      'Migrations',
      async (): Promise<unknown> => (ours ? migrateOnce(databases, dataDir) : migrate(databases, appsDir)),
      {
        done: (result: unknown) => (result === 'nothing new' ? 'Migrations (nothing new)' : 'Migrations'),
        remedy:
          'the databases are as before the failed migration; begin anew with npm start -- --fresh if they may go',
      },
    );
  }

  private async startServices(): Promise<void> {
    const { prefix, env = {} } = this.options;
    for (const name of serviceNames) await this.prepare(name);
    this.surroundings = {
      ...this.engines,
      secrets: this.secrets,
      urls: this.urls,
      topicPrefix: prefix ? `${prefix}.` : '',
      overrides: env,
    };
    for (const service of this.services) service.start();
    await this.step(
      'Gateway and services',
      () => Promise.all(this.services.map((service) => service.ready())),
      {
        remedy: 'see .data/logs for the whole log of that service',
        done: () => `${this.services.length} processes ready`,
      },
    );
  }

  /** Chooses the ports of a service's replicas, and the address at which the others reach them. */
  private async prepare(name: ServiceName): Promise<void> {
    const count = this.options.replicas?.[name] ?? 1;
    const ports: number[] = [];
    for (let replica = 0; replica < count; replica++) {
      const key = replica === 0 ? name : `${name}-${replica + 1}`;
      const port = (this.ports[key] =
        name === 'gateway' && replica === 0 ? this.ports[key]! : await freePort(this.ports[key]));
      const managementPort = (this.ports[`${key}-management`] = await freePort(
        this.ports[`${key}-management`],
      ));
      ports.push(port);
      this.services.push(this.replica({ name, replica, port, managementPort }));
    }
    this.urls[name] = `http://127.0.0.1:${await this.front(name, ports)}`;
  }

  private replica(place: {
    name: ServiceName;
    replica: number;
    port: number;
    managementPort: number;
  }): ServiceProcess {
    const label = place.replica === 0 ? place.name : `${place.name}-${place.replica + 1}`;
    return new ServiceProcess({
      ...place,
      env: () => this.environmentOf(place.name),
      appDir: join(this.appsDir, place.name),
      logFile: join(this.options.dataDir, 'logs', `${label}.log`),
      say: this.say,
    });
  }

  private async front(name: ServiceName, ports: number[]): Promise<number> {
    const [first = 0] = ports;
    if (name === 'gateway' || ports.length === 1) return first;
    const balancer = new Balancer(ports);
    this.balancers.push(balancer);
    return balancer.listen();
  }
}

function settledWithin(work: Promise<unknown>[], timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    void Promise.allSettled(work).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A short prefix of its own for a platform on shared engines. */
export function uniquePrefix(): string {
  return `p${randomUUID().slice(0, 8)}`;
}
