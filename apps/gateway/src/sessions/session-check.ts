import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { sessionCheckResponse } from '@nest-arch/contracts';
import { internalTokenHeader } from '@nest-arch/platform';
import { LRUCache } from 'lru-cache';
import { Pool } from 'undici';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { sessionChecks } from './metrics.js';
import type { SessionRef } from './revocations.js';
import { sessionErrors } from './sessions.errors.js';

/** As many sessions as auth looks up in one call. */
const batchSize = 200;

interface Question {
  readonly session: SessionRef;
  readonly resolve: (active: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Asks auth whether sessions are still good: for the time in which the revocation topic is silent. */
@Injectable()
export class SessionCheck implements OnApplicationShutdown {
  private readonly pool: Pool;
  private readonly answers = new LRUCache<string, Promise<boolean>>({ max: 50_000, ttl: 5_000 });
  private questions: Question[] = [];

  constructor(@Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig) {
    this.pool = new Pool(config.AUTH_URL, { connections: 4, headersTimeout: 2_000, bodyTimeout: 2_000 });
  }

  /** Cached for 5 s. @throws gateway.session_check_unavailable when auth does not answer */
  isActive(session: SessionRef): Promise<boolean> {
    const key = `${session.sessionId}/${session.ver}`;
    const known = this.answers.get(key);
    if (known) return known;
    const answer = this.ask(session);
    this.answers.set(key, answer);
    answer.catch(() => this.answers.delete(key));
    return answer;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.destroy();
  }

  // What is asked within one turn of the event loop goes out together.
  private ask(session: SessionRef): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.questions.push({ session, resolve, reject });
      if (this.questions.length === 1) setImmediate(() => this.flush());
    });
  }

  private flush(): void {
    const { questions } = this;
    this.questions = [];
    for (let at = 0; at < questions.length; at += batchSize)
      void this.send(questions.slice(at, at + batchSize));
  }

  private async send(questions: Question[]): Promise<void> {
    try {
      const active = await this.fetchActive(questions.map(({ session }) => session));
      sessionChecks.inc({ outcome: 'answered' }, questions.length);
      questions.forEach(({ resolve }, place) => resolve(active[place] === true));
    } catch {
      // Whatever went wrong: without an answer nobody is let in.
      sessionChecks.inc({ outcome: 'failed' }, questions.length);
      for (const { reject } of questions)
        reject(sessionErrors.uncheckable(undefined, { retryAfterSeconds: 1 }));
    }
  }

  /** In the order asked: one session may be asked about with several `ver`, and only the place tells them apart. */
  private async fetchActive(sessions: SessionRef[]): Promise<boolean[]> {
    const { statusCode, body } = await this.pool.request({
      method: 'POST',
      path: '/internal/sessions/check',
      headers: {
        'content-type': 'application/json',
        [internalTokenHeader]: this.config.INTERNAL_API_TOKEN,
      },
      body: JSON.stringify({
        sessions: sessions.map(({ sessionId, userId, ver }) => ({ sid: sessionId, userId, ver })),
      }),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`auth answered ${statusCode}`);
    const answers = sessionCheckResponse.parse(JSON.parse(text)).sessions;
    const isOurs =
      answers.length === sessions.length &&
      answers.every(({ sid }, place) => sid === sessions[place]?.sessionId);
    if (!isOurs) throw new Error('auth answered another question');
    return answers.map(({ active }) => active);
  }
}
