import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Db } from '@nest-arch/database';
import { Gauge } from 'prom-client';
import { describeError } from '../describe-error.js';
import { InboxHints } from './inbox-hints.js';
import { InboxRenderer } from './inbox-renderer.js';
import { InboxStream } from './inbox-stream.js';
import { inboxErrors } from './inbox.errors.js';
import { findCounter, findLastSequences, listChanges } from './inbox.queries.js';
import type { SseConnection } from './sse-connection.js';

export interface StreamsOptions {
  /** Open streams of one person in this process. */
  perUser: number;
  /** How often to look for what no hint told. Default 1 s. */
  pollMs?: number;
}

const pageSize = 100;

const openStreams = new Gauge({ name: 'notification_streams', help: 'Open inbox streams of this process' });

/** All open streams of this process: woken by hints, and by one poll for all of them where a hint is missing. */
@Injectable()
export class InboxStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Inbox');
  private readonly byUser = new Map<string, Set<InboxStream>>();
  /** Taken by those that are open and those that are about to be. */
  private readonly places = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    private readonly db: Db,
    private readonly renderer: InboxRenderer,
    hints: InboxHints,
    private readonly options: StreamsOptions,
  ) {
    hints.onHint((userId, sequence) => this.hint(userId, sequence));
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    for (const streams of this.byUser.values()) for (const stream of streams) stream.close();
  }

  /**
   * Follows the inbox on the connection that `connect` makes, until it closes: after the last record the client has, else
   * from now on. Throws notification.too_many_streams before it connects.
   */
  async open(userId: string, lastEventId: number | undefined, connect: () => SseConnection): Promise<void> {
    // Before anything is awaited: of many that ask at once, none may count what the others are about to become.
    this.enter(userId);
    let connection: SseConnection;
    let position: number;
    try {
      position = await this.positionOf(userId, lastEventId);
      connection = connect();
    } catch (error) {
      this.leave(userId);
      throw error;
    }
    this.follow(userId, position, connection);
  }

  private enter(userId: string): void {
    const taken = this.places.get(userId) ?? 0;
    if (taken >= this.options.perUser) throw inboxErrors.tooManyStreams();
    this.places.set(userId, taken + 1);
  }

  private leave(userId: string): void {
    const left = (this.places.get(userId) ?? 0) - 1;
    if (left > 0) this.places.set(userId, left);
    else this.places.delete(userId);
  }

  /** A position that the inbox has not reached is not ours (another installation, a restored backup): it means now. */
  private async positionOf(userId: string, lastEventId: number | undefined): Promise<number> {
    const { lastSequence } = await findCounter(this.db, userId);
    return Math.min(lastEventId ?? lastSequence, lastSequence);
  }

  private follow(userId: string, position: number, connection: SseConnection): void {
    const stream = new InboxStream(connection, position, (after) => this.read(userId, after));
    const streams = this.byUser.get(userId) ?? new Set();
    this.byUser.set(userId, streams.add(stream));
    openStreams.inc();
    connection.onClose(() => this.forget(userId, stream));
    if (this.stopping) stream.close();
    // What was committed since the position was read gave its hint to nobody.
    else stream.catchUp();
  }

  private forget(userId: string, stream: InboxStream): void {
    const streams = this.byUser.get(userId);
    if (!streams?.delete(stream)) return;
    openStreams.dec();
    this.leave(userId);
    if (streams.size === 0) this.byUser.delete(userId);
  }

  private hint(userId: string, sequence: number): void {
    for (const stream of this.byUser.get(userId) ?? []) stream.hint(sequence);
  }

  private async read(userId: string, after: number) {
    const rows = await listChanges(this.db, { userId, after, limit: pageSize });
    return rows.map((row) => ({ at: row.at, record: this.renderer.change(row) }));
  }

  private schedule(): void {
    this.timer = setTimeout(
      () => void this.poll().finally(() => !this.stopping && this.schedule()),
      this.options.pollMs ?? 1_000,
    );
  }

  private async poll(): Promise<void> {
    if (this.byUser.size === 0) return;
    try {
      const found = await findLastSequences(this.db, [...this.byUser.keys()]);
      for (const { userId, lastSequence } of found) this.hint(userId, lastSequence);
    } catch (error) {
      this.logger.warn(`Inboxes not polled: ${describeError(error)}`);
    }
  }
}
