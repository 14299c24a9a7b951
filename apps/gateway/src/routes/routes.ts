import type { LocalRoute, Method, ProxiedRoute, PublicRoute, UpstreamName } from './route.js';

const anyone = { kind: 'public' } as const;
const user = { kind: 'user' } as const;
const admin = { kind: 'role', role: 'admin' } as const;

const kib = 1024;

type Spec = readonly [
  method: Method,
  path: string,
  access: ProxiedRoute['access'],
  more?: Partial<ProxiedRoute>,
];

function calls(
  upstream: UpstreamName,
  defaults: Partial<ProxiedRoute>,
  specs: readonly Spec[],
): ProxiedRoute[] {
  return specs.map(([method, path, access, more]) => ({
    method,
    path,
    upstream,
    access,
    kind: 'call',
    deadlineMs: 10_000,
    bodyLimit: method === 'GET' || method === 'DELETE' ? 0 : 16 * kib,
    noStore: false,
    ...defaults,
    ...more,
  }));
}

// Passwords wait in a bounded queue before they are hashed: sign-in and registration get more time than a read.
const hashing = { deadlineMs: 15_000 };

const auth = calls('auth', { noStore: true }, [
  ['POST', '/v1/auth/register', anyone, hashing],
  ['POST', '/v1/auth/email/verify', anyone, hashing],
  ['POST', '/v1/auth/email/verify/resend', anyone],
  ['POST', '/v1/auth/login', anyone, hashing],
  ['POST', '/v1/auth/refresh', anyone],
  ['POST', '/v1/auth/logout', user],
  ['GET', '/v1/auth/sessions', user],
  ['DELETE', '/v1/auth/sessions', user],
  ['DELETE', '/v1/auth/sessions/{id}', user],
  ['GET', '/.well-known/jwks.json', anyone, { noStore: false }],
]);

const profile = calls('profile', {}, [
  ['GET', '/v1/users/me', user],
  ['PATCH', '/v1/users/me', user],
  ['GET', '/v1/users/{id}', user],
]);

const notification = calls('notification', {}, [
  ['GET', '/v1/notifications', user],
  ['GET', '/v1/notifications/unread-count', user],
  ['POST', '/v1/notifications/read-all', user],
  ['POST', '/v1/notifications/{id}/read', user],
  ['GET', '/v1/notifications/stream', user, { kind: 'stream', noStore: true }],
]);

const analytics = calls('analytics', {}, [['GET', '/v1/admin/analytics/summary', admin]]);

// Each service answers for the consumer groups of its own. Reading dead-letter topics takes Kafka a moment.
const deadLetters = (['auth', 'profile', 'notification', 'analytics'] as const).flatMap((service) =>
  calls(service, { noStore: true, deadlineMs: 15_000 }, [
    ['GET', `/v1/admin/dead-letters/${service}`, admin],
    ['GET', `/v1/admin/dead-letters/${service}/{id}`, admin],
    ['POST', `/v1/admin/dead-letters/${service}/{id}/replay`, admin],
    ['DELETE', `/v1/admin/dead-letters/${service}/{id}`, admin],
  ]),
);

const gateway: LocalRoute[] = [
  '/',
  '/verify',
  '/openapi.json',
  '/asyncapi.json',
  '/docs',
  '/docs/',
  '/docs/js/scalar.js',
].map((path) => ({ method: 'GET', path, upstream: 'gateway', access: anyone }));

/** Everything that services answer. */
export const proxiedRoutes: readonly ProxiedRoute[] = [
  ...auth,
  ...profile,
  ...notification,
  ...analytics,
  ...deadLetters,
];

/** Everything that can be reached from outside. What is not here is a 404, whatever a service would answer. */
export const publicRoutes: readonly PublicRoute[] = [...proxiedRoutes, ...gateway];
