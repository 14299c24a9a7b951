import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requestErrors } from '../errors/request-errors.js';

/** From the gateway: milliseconds that were left for the answer when the request was sent on. */
export const deadlineHeader = 'x-request-deadline-ms';

const deadlines = new WeakMap<FastifyRequest, number>();

/** Milliseconds until nobody waits for the answer any more; undefined where the caller has not said. */
export function leftMs(request: FastifyRequest): number | undefined {
  const deadline = deadlines.get(request);
  return deadline === undefined ? undefined : deadline - performance.now();
}

/** Answers 503 instead of working for nobody: when the request arrives too late, or the rest of it does. */
export function refuseLateRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const given = request.headers[deadlineHeader];
    if (typeof given === 'string' && /^-?\d{1,9}$/.test(given))
      deadlines.set(request, performance.now() + Number(given));
    refuseLate(request, reply, done);
  });
  fastify.addHook('preHandler', refuseLate);
}

function refuseLate(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const left = leftMs(request);
  if (left === undefined || left > 0) return done();
  done(requestErrors.unavailable('The time for the answer is over', { retryAfterSeconds: 1 }));
}
