import { isUuid } from '../inbox/inbox-id.js';
import { deadLetterHeader } from '../wire/dead-letter-headers.js';
import { header, type Headers } from '../wire/headers.js';

/**
 * Fields whose words say nothing about a person. A field that is not here is masked, so that one that is new, or that
 * somebody has put where it does not belong, stays hidden until it is declared.
 */
const plain = new Set([
  'channel',
  'channels',
  'changedFields',
  'granted',
  'locale',
  'method',
  'purpose',
  'reason',
  'region',
  'roles',
  'source',
  'status',
  'type',
  'withdrawn',
]);

const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;
const word = /^[\w.-]{1,64}$/;
/** Who may see a field: values of the map `visibility`, whose keys are names of fields. */
const audiences = new Set(['public', 'signed_in', 'private', 'admin']);
/** Versions and counts are below it, phone numbers above. */
const largestCount = 10_000_000;
/** Keys and subjects that the platform uses: ids of users, and these. */
const ownKey = /^(heartbeat-\d{1,4}|canary)?$/;

/** What stands for a hidden value. */
export const masked = '•••';

/**
 * A copy of a record's data for people's eyes: ids, times, counts and words of the platform's own; everything else
 * (addresses, names, tokens) is replaced.
 */
export function maskPersonal(data: unknown): unknown {
  return mask(data, false);
}

/** A record's key or event id: shown when it is one that the platform makes. */
export function maskKey(key: string): string {
  return isUuid(key) || ownKey.test(key) ? key : masked;
}

const contractHeaders = new Set<string>([...Object.values(header), ...Object.values(deadLetterHeader)]);
const ids = new Set<string>([header.id, header.subject]);

/** A copy of a record's headers for people's eyes: of those that no contract knows, only the names. */
export function maskHeaders(headers: Headers): Headers {
  const shown = Object.entries(headers).map(([name, value]) => [name, maskHeader(name, value)]);
  return Object.fromEntries(shown) as Headers;
}

function maskHeader(name: string, value: string): string {
  if (ids.has(name)) return maskKey(value);
  // Anybody's text; traceparent has the id of the trace alone.
  return contractHeaders.has(name) && name !== header.tracestate ? value : masked;
}

function mask(value: unknown, isPlain: boolean): unknown {
  if (typeof value === 'string') return isHarmless(value, isPlain) ? value : masked;
  if (typeof value === 'number') return Math.abs(value) < largestCount ? value : masked;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => mask(inner, isPlain));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mask(inner, plain.has(name))]),
  );
}

function isHarmless(value: string, isPlain: boolean): boolean {
  if (value === '' || isUuid(value) || time.test(value) || audiences.has(value)) return true;
  return isPlain && word.test(value);
}
