import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Db, uuidv7 } from '@nest-arch/database';
import { describeError } from '../describe-error.js';
import { claimDue, renewLeases, type ClaimedDelivery } from './deliveries.queries.js';
import { DeliveryRunner } from './delivery-runner.js';
import { watchDeliveries } from './mail-metrics.js';
import { MailSignal } from './mail-signal.js';

export interface SenderOptions {
  /** Deliveries under way in this process. */
  concurrency: number;
  /** How long a dead process's deliveries stay with it. Default 15 s. */
  leaseMs?: number;
  /** How often to look for what nobody has signalled. Default 1 s. */
  pollMs?: number;
  /** How long a stop waits for what is under way. Default 5 s. */
  drainMs?: number;
}

/** Takes what is due and has it sent, a bounded number at a time. Any number of replicas share the table. */
@Injectable()
export class MailSender implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly underWay = new Map<string, { delivery: ClaimedDelivery; work: Promise<void> }>();
  private readonly aborter = new AbortController();
  private readonly settings: Required<SenderOptions>;
  private renewal: NodeJS.Timeout | undefined;
  private loop: Promise<void> | undefined;
  private unwatch = () => {};
  private backlog = false;
  /** On the process's own clock: when it last could not reach the database. */
  private awayAt = -Infinity;
  private stopping = false;

  constructor(
    private readonly db: Db,
    private readonly signal: MailSignal,
    private readonly runner: DeliveryRunner,
    options: SenderOptions,
  ) {
    this.settings = { leaseMs: 15_000, pollMs: 1_000, drainMs: 5_000, ...options };
  }

  onApplicationBootstrap(): void {
    this.unwatch = watchDeliveries(this.db);
    this.renewal = setInterval(() => void this.renew(), this.settings.leaseMs / 3);
    this.loop ??= this.run();
  }

  /** Takes nothing more, waits for what is under way, and leaves the rest to other replicas or the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.signal.notify();
    await this.loop;
    const deadline = setTimeout(() => this.aborter.abort(), this.settings.drainMs);
    await Promise.all([...this.underWay.values()].map(({ work }) => work));
    clearTimeout(deadline);
    clearInterval(this.renewal);
    this.unwatch();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.claim();
      } catch (error) {
        this.awayAt = performance.now();
        this.logger.warn(`Looking for due mails failed: ${describeError(error)}`);
      }
      await this.signal.wait(this.settings.pollMs);
    }
  }

  private async claim(): Promise<void> {
    const free = this.settings.concurrency - this.underWay.size;
    if (free <= 0) return;
    const { leaseMs } = this.settings;
    const due = await claimDue(this.db, {
      limit: free,
      leaseId: uuidv7(),
      leaseMs,
      except: [...this.underWay.keys()],
      // While the database was away nobody could renew: a lapsed lease says nothing until its holder had time to.
      takeOver: performance.now() - this.awayAt > leaseMs,
    });
    this.backlog = due.length === free;
    due.forEach((delivery) => this.start(delivery));
  }

  private start(delivery: ClaimedDelivery): void {
    const work = this.runner.run(delivery, this.aborter.signal).finally(() => {
      this.underWay.delete(delivery.deliveryId);
      // A claim that filled every slot has probably left something behind.
      if (this.backlog) this.signal.notify();
    });
    this.underWay.set(delivery.deliveryId, { delivery, work });
  }

  private async renew(): Promise<void> {
    if (this.underWay.size === 0) return;
    const held = [...this.underWay.values()].map(({ delivery }) => delivery);
    await renewLeases(this.db, held, this.settings.leaseMs).catch(() => {
      this.awayAt = performance.now();
      this.logger.warn('Leases of mails under way not renewed');
    });
  }
}
