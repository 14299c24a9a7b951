import { Db } from '@nest-arch/database';
import { sweepAnswers } from '@nest-arch/platform/idempotency';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { sweep, sweepNames } from './cleanup.queries.js';

const batch = 1_000;
/** Of one table in one round: a backlog is worked off over several, never in one burst. */
const batchesPerRound = 20;

/** Removes what has expired, in small steps. All replicas do it; they get in nobody's way. */
@Injectable()
export class Cleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Cleanup');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly db: Db,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'CLEANUP_INTERVAL_SECONDS'>,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.start(), this.config.CLEANUP_INTERVAL_SECONDS * 1000);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** One round over all tables; answers how many rows went. */
  async sweepAll(): Promise<number> {
    let removed = await this.repeat(() => this.db.transaction((tx) => sweepAnswers(tx, batch)));
    for (const name of sweepNames) removed += await this.repeat(() => sweep(this.db, name, batch));
    return removed;
  }

  private start(): void {
    this.running ??= this.sweepAll()
      .then((removed) => this.logger.debug(`${removed} expired rows removed`))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'The next round tries again'))
      .finally(() => (this.running = undefined));
  }

  private async repeat(step: () => Promise<number>): Promise<number> {
    let removed = 0;
    for (let round = 0; round < batchesPerRound; round += 1) {
      const count = await step();
      removed += count;
      if (count < batch) break;
    }
    return removed;
  }
}
