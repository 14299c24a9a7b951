import type { IncomingHttpHeaders } from 'node:http';
import type { Origin } from '../edge/trusted-proxies.js';
import type { RequestIds } from '../edge/request-ids.js';

/**
 * What of a request reaches a service. A list of what passes, not of what is dropped: identity and forwarding headers
 * from outside, hop-by-hop headers and whatever is invented tomorrow stay here.
 */
const passedOn = [
  'accept',
  'accept-language',
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'last-event-id',
  'prefer',
  'user-agent',
] as const;

/** Headers of the request to the service, as undici takes them: name, value, name, value. */
export function upstreamHeaders(
  headers: IncomingHttpHeaders,
  { ids, origin }: { ids: RequestIds; origin: Origin },
): string[] {
  const out = [
    'x-request-id',
    ids.requestId,
    'x-forwarded-for',
    origin.address,
    'x-forwarded-proto',
    origin.protocol,
    'x-forwarded-host',
    origin.host,
  ];
  if (ids.traceparent) out.push('traceparent', ids.traceparent);
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === 'string') out.push(name, value);
  }
  return out;
}

/** Headers of an answer that do not reach the caller: hop by hop (RFC 9110 section 7.6.1), or the gateway's own to say. */
const keptBack = new Set([
  'connection',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-powered-by',
  'x-request-id',
]);

/** Headers of the answer to the caller, in the same flat form; `ours` win over the service's. */
export function callerHeaders(
  upstream: IncomingHttpHeaders,
  ours: Readonly<Record<string, string>>,
): string[] {
  const out: string[] = [];
  const nominated = nominatedBy(upstream.connection);
  for (const name in upstream) {
    if (keptBack.has(name) || name in ours || nominated.has(name)) continue;
    const value = upstream[name] ?? '';
    if (typeof value === 'string') out.push(name, value);
    else for (const one of value) out.push(name, one);
  }
  for (const name in ours) out.push(name, ours[name] as string);
  return out;
}

const none: ReadonlySet<string> = new Set();

// A Connection header names further headers that end at this hop; nearly always it says just keep-alive.
function nominatedBy(connection: string | string[] | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return none;
  const tokens = String(connection).split(',');
  return new Set(tokens.map((token) => token.trim().toLowerCase()));
}
