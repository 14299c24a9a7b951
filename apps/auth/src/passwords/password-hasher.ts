import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { AUTH_CONFIG, type AuthConfig } from '../config.js';
import { passwordLength, normalisePassword } from './password-text.js';
import { passwordErrors } from './passwords.errors.js';
import { WorkQueue } from './work-queue.js';

// Argon2.Argon2id; the package declares it as a const enum, which isolated modules cannot read.
const argon2id = 2;

/** Seconds after which a caller who was turned away may try again. */
const retryAfterSeconds = 1;

const operations = new Counter({
  name: 'auth_password_hashes_total',
  help: 'Argon2id computations by kind',
  labelNames: ['kind'],
});
const waiting = new Gauge({ name: 'auth_password_queue_waiting', help: 'Hashes that wait for a core' });

/**
 * Argon2id in PHC form, on libuv's threads and behind a bounded queue: memory is cores × 19 MiB whatever comes, and a
 * crowd gets 503 instead of minutes of waiting.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly queue: WorkQueue;
  private decoy = '';

  constructor(@Inject(AUTH_CONFIG) private readonly config: AuthConfig) {
    this.queue = new WorkQueue({
      concurrency: availableParallelism(),
      maxWaiting: config.PASSWORD_QUEUE_LIMIT,
    });
  }

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash(randomBytes(32).toString('base64url'));
  }

  /** A hash that no password fits: verifying against it costs what verifying against a real one costs. */
  get decoyHash(): string {
    return this.decoy;
  }

  /** @throws auth.password_too_short */
  assertAllowed(password: string): void {
    const least = this.config.PASSWORD_MIN_LENGTH;
    if (passwordLength(password) >= least) return;
    const message = `At least ${least} characters`;
    throw passwordErrors.tooShort(message, { fields: [{ field: 'password', message }] });
  }

  /** PHC string. @throws auth.busy */
  hash(password: string): Promise<string> {
    return this.enqueue('hash', () => hash(normalisePassword(password), this.parameters));
  }

  /** @throws auth.busy */
  verify(phc: string, password: string): Promise<boolean> {
    return this.enqueue('verify', () => verify(phc, normalisePassword(password)));
  }

  /** True when hashes wait for a core: what can be put off should be. */
  get isBusy(): boolean {
    return this.queue.waitingCount > 0;
  }

  /** True when the hash was made with less memory or fewer passes than we ask for today. */
  isWeak(phc: string): boolean {
    const { algorithm, memoryCost, timeCost } = parseOptions(phc);
    const { memoryCost: memory, timeCost: passes } = this.parameters;
    return Number(algorithm) !== argon2id || memoryCost < memory || timeCost < passes;
  }

  private get parameters() {
    return {
      algorithm: argon2id,
      memoryCost: this.config.ARGON2_MEMORY_KIB,
      timeCost: this.config.ARGON2_ITERATIONS,
      parallelism: this.config.ARGON2_PARALLELISM,
    };
  }

  private async enqueue<T>(kind: 'hash' | 'verify', work: () => Promise<T>): Promise<T> {
    const result = this.queue.run(work);
    waiting.set(this.queue.waitingCount);
    if (!result) throw passwordErrors.busy(undefined, { retryAfterSeconds });
    operations.inc({ kind });
    return result;
  }
}
