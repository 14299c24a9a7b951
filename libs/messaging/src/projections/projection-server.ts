import { Logger, type INestApplicationContext, type Type } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { Db } from '@nest-arch/database';
import { HealthRegistry } from '@nest-arch/platform';
import { InboxPartitions } from '../inbox/inbox-partitions.js';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import {
  GenerationReader,
  projectionGroup,
  type ProjectionParts,
  type ProjectionServerOptions,
} from './generation-reader.js';
import { checkProjection, type Projection } from './projection.js';
import { findPointer, type Pointer } from './projections.queries.js';
import { dropAbandoned } from './rebuild-claim.js';

const lookMs = 1_000;

/** Feeds the generation of a projection that is read, and goes over to the next one when the pointer moves. */
export class ProjectionServer extends Server implements CustomTransportStrategy {
  protected override logger = new Logger('Projection');
  override readonly transportId = Symbol('projection');
  readonly group: string;
  private current: GenerationReader | undefined;
  private following: Promise<void> | undefined;
  private stopping = false;
  private wake = () => {};
  private problem: string | undefined = 'not connected yet';

  constructor(
    private readonly parts: ProjectionParts,
    private readonly projection: Projection,
    private readonly serverOptions: ProjectionServerOptions = {},
  ) {
    super();
    checkProjection(projection);
    this.group = projectionGroup(parts.appName, projection);
  }

  /** A projection's handlers are its `reads`; Nest offers those of the app's controllers to every transport. */
  override addHandler(): void {}

  override listen(callback: (error?: unknown) => void): void {
    this.following ??= this.follow();
    callback();
  }

  override async close(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.following;
    await this.current?.close();
  }

  override on(): never {
    throw new Error('A projection has no events');
  }

  override unwrap<T>(): T {
    return this.current?.reader.consumer as T;
  }

  /** The generation that this server feeds. */
  get generation(): number | undefined {
    return this.current?.generation;
  }

  /** Why nothing is read at present; undefined while something is. */
  get trouble(): string | undefined {
    return this.current ? this.current.reader.trouble : this.problem;
  }

  async checkLive(): Promise<void> {
    await this.current?.reader.checkLive();
  }

  checkReady(): void {
    this.current?.reader.checkReady();
  }

  private async follow(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.look();
      } catch (error) {
        // The database is away; whoever reads or writes says so louder.
        this.logger.debug(`Generation of ${this.group} not looked up: ${String(error)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private async look(): Promise<void> {
    const { name } = this.projection;
    const found = await findPointer(this.parts.db, name);
    this.problem = found ? undefined : `the database has no projection ${name}`;
    if (!found || this.stopping) return;
    if (found.generation !== this.current?.generation) await this.moveTo(found);
    if (found.abandoned) await dropAbandoned(this.parts.db, name);
  }

  private async moveTo({ generation }: Pointer): Promise<void> {
    const { current } = this;
    if (current) this.logger.log(`${this.group} goes over to generation ${generation}`);
    this.current = new GenerationReader(this.parts, this.projection, generation, {
      ...this.serverOptions,
      onOver: () => this.wake(),
    });
    this.current.start();
    await current?.close();
  }
}

/**
 * The transport for `strategies` that feeds a projection, one transaction for many records. Registers its health checks.
 * Throws when MessagingModule does not list the projection: commands find it there.
 */
export function createProjectionServer(
  app: INestApplicationContext,
  projection: Type<Projection>,
  options: ProjectionServerOptions = {},
): ProjectionServer {
  const { appName, brokers, topicPrefix = '', projections = [] } = messagingOf(app);
  if (!projections.includes(projection))
    throw new Error(`MessagingModule.forRoot({ projections }) lacks ${projection.name}`);
  const parts = {
    db: app.get(Db, { strict: false }),
    partitions: app.get(InboxPartitions, { strict: false }),
    brokers,
    appName,
    topicPrefix,
  };
  const server = new ProjectionServer(parts, app.get(projection, { strict: false }), options);
  const health = app.get(HealthRegistry, { strict: false });
  health.register(`consumer ${server.group}`, () => server.checkLive(), 'live');
  health.register(`topics of ${server.group}`, () => server.checkReady(), 'ready');
  return server;
}

function messagingOf(app: INestApplicationContext): MessagingOptions {
  return app.get<MessagingOptions>(MESSAGING_OPTIONS, { strict: false });
}
