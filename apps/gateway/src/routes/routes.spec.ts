import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { type Harness, startHarness, untilReady } from '../testing/harness.js';
import { allowedMethods, routerPath } from './route.js';
import { proxiedRoutes, publicRoutes } from './routes.js';

describe('the route table', () => {
  it('declares for every route who may call it', () => {
    for (const route of publicRoutes) {
      expect(['public', 'user', 'role', 'scope']).toContain(route.access.kind);
    }
  });

  it('opens nothing internal', () => {
    expect(publicRoutes.filter(({ path }) => /internal|health|metrics/.test(path))).toEqual([]);
  });

  it('names each route once', () => {
    const names = publicRoutes.map(({ method, path }) => `${method} ${path}`);

    expect(new Set(names).size).toBe(names.length);
  });

  it('gives every route of a service a deadline, and a body limit where it takes a body', () => {
    for (const { method, deadlineMs, bodyLimit } of proxiedRoutes) {
      expect(deadlineMs).toBeGreaterThan(0);
      expect(bodyLimit > 0).toBe(method !== 'GET' && method !== 'DELETE');
    }
  });

  it('lets no cache keep what auth answers, public keys apart', () => {
    const kept = proxiedRoutes.filter(({ upstream, noStore }) => upstream === 'auth' && !noStore);

    expect(kept.map(({ path }) => path)).toEqual(['/.well-known/jwks.json']);
  });

  it('tells which methods an address takes', () => {
    expect(allowedMethods(publicRoutes, '/v1/users/me')).toEqual(['GET', 'HEAD', 'PATCH']);
    expect(allowedMethods(publicRoutes, '/v1/users/x')).toEqual(['GET', 'HEAD']);
    expect(allowedMethods(publicRoutes, '/v1/notifications/stream')).toEqual(['GET']);
    expect(allowedMethods(publicRoutes, '/v1/users/')).toEqual([]);
    expect(allowedMethods(publicRoutes, '/v1/users/x/y')).toEqual([]);
  });
});

describe('a running gateway', () => {
  let harness: Harness;
  let fastify: FastifyInstance;
  beforeAll(async () => {
    harness = await startHarness();
    const gateway = await harness.start();
    await untilReady(gateway);
    fastify = gateway.app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  });
  afterAll(() => harness.stop());

  it('has the routes of the table and the one that answers everything else, no more', () => {
    const declared = publicRoutes.map(({ method, path }) => `${routerPath(path)} ${method}`);
    const found = (['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const)
      .flatMap((method) => readRoutes(fastify.printRoutes({ commonPrefix: false, method }), method))
      .filter((line) => !line.startsWith('*') && !line.startsWith('/*'));

    expect(found.sort()).toEqual(declared.sort());
  });
});

/** Paths and methods of Fastify's tree of routes. */
function readRoutes(tree: string, method: string): string[] {
  const stack: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S+)(?: \((.*)\))?/.exec(line);
    if (!match) return [];
    const depth = (match[1] ?? '').length / 4;
    stack.length = depth;
    stack.push(match[2] ?? '');
    return match[3]?.includes(method) ? [`${stack.join('')} ${method}`] : [];
  });
}
