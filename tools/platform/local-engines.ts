import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { startKafka } from '../engines/kafka.ts';
import { startMail } from '../engines/mail.ts';
import { startPostgres } from '../engines/postgres.ts';
import { startRedis } from '../engines/redis.ts';
import type { Ports } from './ports-file.ts';
import { SupervisedEngine } from './supervised-engine.ts';

export interface LocalEngineOptions {
  dataDir: string;
  ports: Ports;
  say: (line: string) => void;
  /** False where nothing must survive a power cut. */
  durable: boolean;
}

/** The engines of one data folder, each started by its own method and stopped together. */
export class LocalEngines {
  private readonly options: LocalEngineOptions;
  private readonly running: { stop(): Promise<void> }[] = [];

  constructor(options: LocalEngineOptions) {
    this.options = options;
  }

  async postgres(password: string): Promise<string> {
    const { ports, durable } = this.options;
    const { engine } = await this.supervise(() =>
      startPostgres({ ...this.place('postgres'), ...portIn(ports, 'postgres'), password, durable }),
    );
    ports['postgres'] = engine.port;
    return engine.url;
  }

  async kafka(): Promise<string> {
    const { ports } = this.options;
    const controllerPort = ports['kafkaController'];
    const { engine } = await this.supervise(() =>
      startKafka({
        ...this.place('kafka'),
        ...portIn(ports, 'kafka'),
        ...(controllerPort && { controllerPort }),
      }),
    );
    ports['kafka'] = engine.port;
    ports['kafkaController'] = engine.controllerPort;
    return engine.brokers;
  }

  async redis(): Promise<string> {
    const { ports } = this.options;
    const { engine } = await this.supervise(() =>
      startRedis({ ...this.place('redis'), ...portIn(ports, 'redis') }),
    );
    ports['redis'] = engine.port;
    return engine.url;
  }

  async mail(): Promise<{ smtp: string; web: string }> {
    const { ports } = this.options;
    const { engine } = await this.supervise(() =>
      startMail({
        ...this.place('mail'),
        maxMails: 5_000,
        ...(ports['smtp'] && { smtpPort: ports['smtp'] }),
        ...(ports['mailWeb'] && { webPort: ports['mailWeb'] }),
      }),
    );
    ports['smtp'] = engine.port;
    ports['mailWeb'] = engine.webPort;
    return engine;
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((engine) => engine.stop()));
  }

  private async supervise<E extends Engine>(start: () => Promise<E>): Promise<SupervisedEngine<E>> {
    const engine = await SupervisedEngine.start(start, this.options.say);
    this.running.push(engine);
    return engine;
  }

  private place(name: string): { dataDir: string; logFile: string } {
    const { dataDir } = this.options;
    return { dataDir: join(dataDir, name), logFile: join(dataDir, 'logs', `${name}.log`) };
  }
}

function portIn(ports: Ports, name: string): { port?: number } {
  const port = ports[name];
  return port === undefined ? {} : { port };
}
