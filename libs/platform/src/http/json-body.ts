import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isStorableText } from '@nest-arch/contracts';
import { requestErrors } from '../errors/request-errors.js';

const jsonTypes = ['application/json', 'application/merge-patch+json'];

/**
 * The only bodies a service reads: JSON in valid UTF-8, without NUL or broken surrogates anywhere in a string, without
 * `__proto__` and `constructor.prototype` keys. Other content types are a 415. An empty body is no body.
 */
export function parseJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(jsonTypes, { parseAs: 'buffer' }, (request: FastifyRequest, body, done) => {
    const text = decode(body as Buffer);
    if (text === '') return done(null, undefined);
    if (text === null) return done(requestErrors.malformedBody());
    void parse(request, text, (error, value: unknown) => {
      if (error || hasUnstorableText(text, value)) return done(requestErrors.malformedBody());
      done(null, value);
    });
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(body: Buffer): string | null {
  try {
    return utf8.decode(body);
  } catch {
    return null;
  }
}

// Decoded text is well-formed, so only an escape can bring in what cannot be stored: the walk is for those alone.
function hasUnstorableText(text: string, value: unknown): boolean {
  return (/\\u(0000|d[89a-f])/i.test(text) || text.includes('\u0000')) && !isStorable(value);
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => isStorableText(key) && isStorable(inner));
}
