/**
 * Makes the documentation page in a thread of its own that then ends: the bundle is 5 MB of script, which would hold up
 * requests while it is read and stay in memory for good.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import plugin from '@scalar/fastify-api-reference';
import { fastify } from 'fastify';

const app = fastify();
await app.register(plugin, { routePrefix: '/docs', configuration: workerData as object });
const page = await app.inject('/docs/');
const script = await app.inject('/docs/js/scalar.js');
if (page.statusCode !== 200 || script.statusCode !== 200)
  throw new Error('The documentation cannot be rendered');
parentPort?.postMessage({ page: page.body, script: gzipSync(script.rawPayload) });
