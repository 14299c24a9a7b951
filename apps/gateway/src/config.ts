import { z } from 'zod';
import { accessTokenTtlSeconds } from '@nest-arch/contracts';
import { baseConfig, list, loadConfig, port, refuseLocalSecrets } from '@nest-arch/platform';

const upstreamUrl = (localPort: number) =>
  z.url({ protocol: /^https?$/ }).default(`http://127.0.0.1:${localPort}`);
const count = z.coerce.number().int().min(1);

const schema = z
  .object({
    ...baseConfig,
    PORT: port.default(3000),
    AUTH_URL: upstreamUrl(3001),
    PROFILE_URL: upstreamUrl(3002),
    NOTIFICATION_URL: upstreamUrl(3003),
    ANALYTICS_URL: upstreamUrl(3004),
    /** How people reach the gateway; the server of the API description. */
    PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** Origins whose pages may call the API, or `*`. None out of the box: pages of the gateway itself need no entry. */
    CORS_ORIGINS: list.default([]),
    /** Most bytes of a request body on any route; a route may allow less. */
    BODY_LIMIT_BYTES: count.default(64 * 1024),
    /** Addresses or networks (CIDR) of balancers whose forwarded headers and traces are believed. */
    TRUSTED_PROXIES: list.default([]),
    /** Requests that run at one service at a time; as many connections are kept open. */
    UPSTREAM_CONNECTIONS: count.default(64),
    /** Requests that wait for a connection before callers get a 503. */
    UPSTREAM_QUEUE: count.default(256),
    /** Most time that any route gives a service; a route may give less. */
    MAX_DEADLINE_MS: count.default(15_000),
    /** Open event streams of this process. */
    MAX_STREAMS: count.default(5_000),
    /** Verified tokens that are remembered. */
    TOKEN_CACHE_SIZE: count.default(20_000),
    /**
     * Life of the access tokens that auth issues, the same as there: revocations are remembered twice as long. At most
     * what their topic is made for, which forgets them after that.
     */
    ACCESS_TOKEN_TTL_SECONDS: count.max(accessTokenTtlSeconds).default(accessTokenTtlSeconds),
    /** How long the topic of revocations may be silent before sessions are looked up at auth. */
    REVOCATION_TRUST_SECONDS: count.default(30),
  })
  .superRefine(refuseLocalSecrets([]));

export type GatewayConfig = Readonly<z.infer<typeof schema>>;

export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');

/** @throws ConfigError that names the variables at fault */
export function loadGatewayConfig(env?: NodeJS.ProcessEnv): GatewayConfig {
  return loadConfig(schema, env);
}
