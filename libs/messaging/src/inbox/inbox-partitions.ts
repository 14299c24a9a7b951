import { Logger } from '@nestjs/common';
import { execute, many, one, type Db } from '@nest-arch/database';
import { uuidTime } from './inbox-id.js';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
// 5 January 1970 was a Monday.
const firstMonday = 4 * dayMs;
const keptMs = 45 * dayMs;
const hourMs = 3_600_000;

/**
 * The inbox's weekly partitions: made before they are needed, dropped when everything in them was received more than 45
 * days ago. 45 days outlast an event (14 days in its topic, then 30 as a dead letter, then replayed).
 */
export class InboxPartitions {
  private readonly logger = new Logger('Inbox');
  private readonly known = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly db: Db) {}

  start(): void {
    const begin = () => (this.running = this.keepUp());
    void begin();
    this.timer = setInterval(() => void begin(), hourMs);
    this.timer.unref();
  }

  /** Resolves when no upkeep runs any more: the database may be closed then. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Makes sure that a row with this id has a partition. Free of cost when it is known to have one. */
  async ensureFor(inboxId: string): Promise<void> {
    const ms = uuidTime(inboxId);
    if (ms !== null) await this.ensureWeek(weekOf(ms));
  }

  /** To be called when the database says that there is no partition: another replica has dropped one. */
  forget(): void {
    this.known.clear();
  }

  /** Creates this week's and the next two partitions, drops what is too old. Logs what fails; the next hour tries again. */
  async keepUp(nowMs = Date.now()): Promise<void> {
    try {
      for (const ahead of [0, 1, 2]) await this.ensureWeek(weekOf(nowMs + ahead * weekMs));
      for (const name of await this.droppable(nowMs)) await this.drop(name);
      await execute(this.db, `delete from inbox_foreign where received_at < now() - interval '45 days'`);
    } catch (error) {
      this.logger.warn(
        `Upkeep of the inbox failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private async ensureWeek(startMs: number): Promise<void> {
    if (this.known.has(startMs)) return;
    const name = nameOf(startMs);
    await this.db.transaction(async (tx) => {
      await one(tx, `select pg_advisory_xact_lock(hashtextextended('messaging:inbox', 0))`);
      const { found } = await one<{ found: boolean }>(tx, `select to_regclass($1) is not null as found`, [
        name,
      ]);
      if (found) return;
      // Made apart and then attached: unlike `partition of`, that does not wait for running handlers.
      await execute(tx, `create table ${name} (like inbox including all)`);
      await execute(
        tx,
        `alter table inbox attach partition ${name}
          for values from ('${boundary(startMs)}') to ('${boundary(startMs + weekMs)}')`,
      );
    });
    this.known.add(startMs);
  }

  private async droppable(nowMs: number): Promise<string[]> {
    const partitions = await many<{ name: string }>(
      this.db,
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'inbox'::regclass`,
    );
    const old: string[] = [];
    for (const { name } of partitions) {
      const startMs = startOf(name);
      if (startMs === null || startMs + weekMs > nowMs - keptMs) continue;
      // An old event may have arrived late, by a replay: then its row is young.
      const { young } = await one<{ young: boolean }>(
        this.db,
        `select exists (select 1 from ${name} where received_at > now() - interval '45 days') as young`,
      );
      if (!young) old.push(name);
    }
    return old;
  }

  private async drop(name: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      // Dropping waits for running handlers, and new ones for it: give up soon, an hour later is as good.
      await execute(tx, `set local lock_timeout = '500ms'`);
      await execute(tx, `drop table ${name}`);
    });
    this.known.delete(startOf(name) ?? 0);
  }
}

function weekOf(ms: number): number {
  return ms - ((ms - firstMonday) % weekMs);
}

function nameOf(startMs: number): string {
  return `inbox_${new Date(startMs).toISOString().slice(0, 10).replaceAll('-', '_')}`;
}

function startOf(name: string): number | null {
  const date = /^inbox_(\d{4})_(\d\d)_(\d\d)$/.exec(name);
  return date ? Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3])) : null;
}

/** The smallest UUID of a time. */
function boundary(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
