import { randomUUID } from 'node:crypto';
import type { CrashPoint } from '../../src/crash/index.js';
import { Ledger } from './ledger.js';
import type { Kind } from './protocol.js';
import { Replica } from './replica.js';

/** How often a point is passed before the process dies there: in the middle of things, not at their beginning. */
const times: Record<CrashPoint, number> = {
  'outbox.committed': 7,
  'relay.read': 2,
  'relay.acknowledged': 2,
  'relay.deleted': 2,
  'handler.returned': 9,
  'consumer.committed': 9,
  'dead_letter.written': 3,
  'offset.committing': 2,
  'offset.committed': 2,
};

const dieWithinMs = 60_000;

/** A service that is killed again and again, each time somewhere else. */
export class CrashLane {
  private replica: Replica | undefined;

  private constructor(private readonly ledger: Ledger) {}

  static async open(): Promise<CrashLane> {
    return new CrashLane(await Ledger.open());
  }

  /**
   * Works until the process dies at the point, starts another one, which works on, and answers what then contradicts the
   * promises. A process that never comes to the point is a problem of its own.
   */
  async crash(point: CrashPoint, kind: Kind): Promise<string[]> {
    const users = Array.from({ length: kind === 'unpublishable' ? 3 : 6 }, () => randomUUID());
    const dying = (this.replica ??= await this.start());
    dying.arm(point, times[point]);
    dying.write({ kind, users, rounds: 8 }).catch(() => undefined);
    const ended = await Promise.race([dying.exited, after(dieWithinMs)]);
    if (ended !== 'SIGKILL') return [`${point} was not reached`];

    this.replica = await this.start();
    await this.replica.write({ kind, users, rounds: 3, final: true });
    await this.ledger.quiet();
    return this.ledger.problems(kind, users);
  }

  async close(): Promise<void> {
    await this.replica?.kill();
    await this.ledger.spec.drop();
  }

  private start(): Promise<Replica> {
    return Replica.start({ ...this.ledger.options, handlerMs: 4 });
  }
}

function after(ms: number): Promise<'nothing'> {
  return new Promise((resolve) => setTimeout(() => resolve('nothing'), ms).unref());
}
