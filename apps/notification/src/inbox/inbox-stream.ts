import { describeError } from '../describe-error.js';
import { Logger } from '@nestjs/common';
import type { SseConnection } from './sse-connection.js';

/** Reads what came after a position: `at` is the sequence of each record, in order. An empty page is the end. */
export type ReadChanges = (after: number) => Promise<readonly { at: number; record: unknown }[]>;

/** Follows one inbox on one connection, from a position on: every change once, in order. */
export class InboxStream {
  private readonly logger = new Logger('Inbox');
  private running = false;
  private again = false;

  constructor(
    private readonly connection: SseConnection,
    private position: number,
    private readonly read: ReadChanges,
  ) {}

  /** The inbox may have moved to this sequence. */
  hint(sequence: number): void {
    if (sequence > this.position) this.catchUp();
  }

  /** Sends whatever is behind the position; what happens meanwhile is looked at again. */
  catchUp(): void {
    this.again = true;
    if (!this.running) void this.run();
  }

  close(): void {
    this.connection.end();
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      while (this.again && this.connection.isOpen) {
        this.again = false;
        if (await this.sendPage()) this.again = true;
      }
    } catch (error) {
      // The next hint or poll tries again from the same position.
      this.logger.warn(`A stream could not be read: ${describeError(error)}`);
    } finally {
      this.running = false;
    }
  }

  private async sendPage(): Promise<boolean> {
    const changes = await this.read(this.position);
    for (const { at, record } of changes) {
      if (!this.connection.isOpen) return false;
      // Before the wait for room: the record is written, whatever becomes of the wait.
      this.position = at;
      await this.connection.send(at, record);
    }
    return changes.length > 0;
  }
}
