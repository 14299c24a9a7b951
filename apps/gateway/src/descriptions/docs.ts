import { once } from 'node:events';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { inlineHash } from '../pages/inline-hash.js';
import { localRoute } from '../routes/local-route.js';
import type { ApiDescription } from './api-description.js';

const unpack = promisify(gunzip);

interface Docs {
  readonly page: string;
  /** Compressed. */
  readonly script: Uint8Array;
}

/** Scalar without anything that would call a third party: no fonts, no proxy, no telemetry, no assistant. */
const scalar = {
  url: '/openapi.json',
  pageTitle: 'nest-arch API',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
} as const;

// The page asks for its script and the description alone. Scalar writes styles into the page at run time, hence
// 'unsafe-inline' for styles; its one inline script is named by its hash.
const policy = (scriptHash: string) =>
  [
    "default-src 'none'",
    `script-src 'self' '${scriptHash}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** `/openapi.json`, and `/docs` to read and try it. */
export function serveDocs(fastify: FastifyInstance, description: ApiDescription): void {
  fastify.get(localRoute('/openapi.json'), async (request, reply) => {
    const { body, etag } = await description.render();
    void reply.headers({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-cache',
      etag,
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.send(body);
  });
  // A reader of the documentation is rare: nothing is made before the first one comes.
  let docs: Promise<Docs> | undefined;
  const load = () =>
    (docs ??= loadDocs().catch((error: unknown) => {
      docs = undefined;
      throw error;
    }));
  fastify.get(localRoute('/docs'), (_request, reply) => reply.redirect('/docs/', 308));
  fastify.get(localRoute('/docs/'), async (_request, reply) => sendPage(reply, (await load()).page));
  fastify.get(localRoute('/docs/js/scalar.js'), async (request, reply) =>
    sendScript(request, reply, (await load()).script),
  );
}

async function loadDocs(): Promise<Docs> {
  // In tests this file is TypeScript, and so is its neighbour; Node runs both.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./docs.worker.${extension}`, import.meta.url), { workerData: scalar });
  const [docs] = (await once(worker, 'message')) as [Docs];
  return docs;
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  const inline = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy(inlineHash(inline)),
      'cache-control': 'no-cache',
    })
    .send(page);
}

async function sendScript(
  request: FastifyRequest,
  reply: FastifyReply,
  script: Uint8Array,
): Promise<FastifyReply> {
  const packed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  void reply.headers({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=3600',
    vary: 'accept-encoding',
    ...(packed && { 'content-encoding': 'gzip' }),
  });
  return reply.send(packed ? Buffer.from(script) : await unpack(script));
}
