import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Db, type Tx } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { idempotencyErrors } from '../errors/request-errors.js';
import { findAnswer, storeAnswer, tryLock } from './idempotency.queries.js';
import { openAnswer, sealAnswer } from './sealed-answer.js';

export const idempotencyKeyHeader = 'idempotency-key';

// 128 bits take 22 characters of base64url; also keeps absurd headers out of the hash.
const minKeyLength = 22;
const maxKeyLength = 255;

export interface IdempotentRequest {
  /** Value of the Idempotency-Key header, if any. */
  readonly key: string | undefined;
  /** Route, e.g. `POST /v1/auth/register`. */
  readonly route: string;
  /** User or API-key id; absent on anonymous routes, where the key alone has to be unguessable. */
  readonly callerId?: string;
  readonly body: unknown;
}

/**
 * Runs an effect once per Idempotency-Key. Lock, look-up, effect and answer are one transaction: a crash leaves all or
 * nothing, and whoever repeats gets the first answer for 24 hours.
 */
@Injectable()
export class Idempotency {
  constructor(
    private readonly db: Db,
    private readonly hmacKey: string,
  ) {}

  /**
   * @param effect does its work in the transaction it is given and answers something that JSON can hold
   * @throws idempotency.key_too_short, idempotency.still_running (409), idempotency.key_reused (422)
   */
  async run<T>(request: IdempotentRequest, effect: (tx: Tx) => Promise<T>): Promise<T> {
    const { key } = request;
    if (key === undefined) return this.db.transaction(effect);
    if (key.length < minKeyLength || key.length > maxKeyLength) throw idempotencyErrors.weakKey();
    const scope = `${request.route} ${request.callerId ?? ''}`;
    const keyHash = createHash('sha256').update(`${scope}\n${key}`).digest();
    const fingerprint = createHmac('sha256', this.hmacKey).update(canonicalJson(request.body)).digest();
    return this.db.transaction(async (tx) => {
      if (!(await tryLock(tx, keyHash))) throw idempotencyErrors.running(undefined, { retryAfterSeconds: 1 });
      const stored = await findAnswer(tx, scope, keyHash);
      if (stored && !timingSafeEqual(stored.fingerprint, fingerprint)) throw idempotencyErrors.reused();
      if (stored) return openAnswer<T>(key, stored.answer);
      const answer = await effect(tx);
      await storeAnswer(tx, scope, keyHash, { fingerprint, answer: sealAnswer(key, answer) });
      return answer;
    });
  }
}

/** JSON with sorted keys: the same body in another order is the same request. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
