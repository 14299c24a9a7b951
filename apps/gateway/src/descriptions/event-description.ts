import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { asyncApiDocument } from '@nest-arch/contracts';
import { localRoute } from '../routes/local-route.js';
import type { RenderedDescription } from './api-description.js';

/** `/asyncapi.json`: what services announce, for who subscribes from outside. It changes with a release alone. */
export function serveEventDescription(fastify: FastifyInstance): void {
  let rendered: RenderedDescription | undefined;
  fastify.get(localRoute('/asyncapi.json'), (request, reply) => {
    const { body, etag } = (rendered ??= render());
    void reply.headers({
      'content-type': 'application/json; charset=utf-8',
      // Short enough that a release shows, and after it the tag answers.
      'cache-control': 'public, max-age=300',
      etag,
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.send(body);
  });
}

function render(): RenderedDescription {
  const body = JSON.stringify(asyncApiDocument());
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
