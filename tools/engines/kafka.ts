import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { OwnedProcess } from '../process/owned-process.ts';
import type { Exit } from '../process/owned-process.ts';
import { freePort } from '../process/ports.ts';
import { cacheDir } from '../process/paths.ts';
import { run } from '../process/run.ts';
import { type Engine, untilReady } from './engine.ts';
import { javaCommand } from './java.ts';
import { kafkaJars } from './maven.ts';

export interface KafkaOptions {
  dataDir: string;
  logFile: string;
  port?: number;
  controllerPort?: number;
  /** For runs of a few minutes: compiles less, and so starts with less work, but is slower under load. */
  shortLived?: boolean;
  /** Settings of the broker other than ours. */
  settings?: Record<string, string | number | boolean>;
}

export interface KafkaEngine extends Engine {
  brokers: string;
  controllerPort: number;
}

const jvm = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** Starts one broker in KRaft mode on loopback; formats its log folder at the first start. */
export async function startKafka(options: KafkaOptions): Promise<KafkaEngine> {
  const java = await javaCommand();
  const classPath = join(await kafkaJars(), '*');
  const port = await freePort(options.port);
  const controllerPort = await freePort(options.controllerPort);
  mkdirSync(options.dataDir, { recursive: true });
  const properties = join(options.dataDir, 'server.properties');
  const logDir = join(options.dataDir, 'log');
  writeFileSync(properties, brokerProperties(logDir, { port, controllerPort }, options.settings));
  if (!existsSync(join(options.dataDir, 'log', 'meta.properties'))) {
    const clusterId = randomBytes(16).toString('base64url');
    await run(java, [
      ...jvm,
      '-cp',
      classPath,
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      properties,
    ]);
  }
  const classes = classArchive(java, classPath, options.shortLived ?? false);
  const broker = new OwnedProcess({
    name: 'kafka',
    command: java,
    args: [...jvm, ...classes.flags, '-cp', classPath, 'kafka.Kafka', properties],
    logFile: options.logFile,
    graceMs: 5_000,
    order: 30,
  });
  void broker.exited.then(classes.keep);
  await untilReady(broker, () => answers(port), 60_000);
  return { brokers: `127.0.0.1:${port}`, port, controllerPort, process: broker, stop: () => broker.stop() };
}

/**
 * Java's class-data sharing halves the broker's start. The first broker that ends in order leaves the archive of what it
 * has loaded; it fits this Java and these jars alone, hence the name.
 */
function classArchive(java: string, classPath: string, shortLived: boolean) {
  const key = createHash('sha256')
    .update(`${realpathSync(java)}\n${classPath}`)
    .digest('hex')
    .slice(0, 16);
  const archive = join(cacheDir, `kafka-classes-${key}.jsa`);
  const quiet = ['-Xshare:auto', '-Xlog:cds=off', '-Xlog:cds+dynamic=off', '-Xlog:class+path=off'];
  if (existsSync(archive)) {
    const flags = [
      `-XX:SharedArchiveFile=${archive}`,
      ...quiet,
      ...(shortLived ? ['-XX:TieredStopAtLevel=1'] : []),
    ];
    return { flags, keep: () => undefined };
  }
  if (shortLived) return { flags: ['-XX:TieredStopAtLevel=1'], keep: () => undefined };
  const partial = `${archive}.${process.pid}`;
  const keep = ({ code }: Exit) => {
    if (code === 143 && existsSync(partial))
      renameSync(partial, archive); // 143: ended by SIGTERM, after its last work
    else rmSync(partial, { force: true });
  };
  return { flags: [`-XX:ArchiveClassesAtExit=${partial}`, ...quiet], keep };
}

function brokerProperties(
  logDir: string,
  { port, controllerPort }: { port: number; controllerPort: number },
  settings: KafkaOptions['settings'] = {},
): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logDir,
    // A topic made by accident has the wrong cleanup policy.
    'auto.create.topics.enable': false,
    'log.message.timestamp.type': 'LogAppendTime',
    'group.initial.rebalance.delay.ms': 0,
    // Kafka's week is less than the topics keep: a service that was off for longer could not tell what it has missed.
    'offsets.retention.minutes': 525_600,
    // One broker holds every replica.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A laptop's share of what is sized for servers.
    'offsets.topic.num.partitions': 10,
    'transaction.state.log.num.partitions': 4,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'log.index.size.max.bytes': 1_048_576,
    'num.network.threads': 2,
    'num.io.threads': 4,
    ...settings,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** The header-less ApiVersions request (key 18, version 0): the broker answers it once it serves clients. */
function answers(port: number): Promise<void> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255]);
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 }, () => socket.write(request));
    const fail = (error?: Error) => {
      socket.destroy();
      reject(error ?? new Error('no answer'));
    };
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', fail);
    socket.once('timeout', () => fail());
    socket.once('close', () => fail());
  });
}
