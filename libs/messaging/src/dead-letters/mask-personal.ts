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
  'visibility',
  'withdrawn',
]);

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;
const word = /^[\w.-]{1,64}$/;

/** What stands for a hidden value. */
export const masked = '•••';

/**
 * A copy of a record's data for people's eyes: ids, times, numbers and words of the platform's own; every other text
 * (addresses, names, tokens) is replaced.
 */
export function maskPersonal(data: unknown): unknown {
  return mask(data, false);
}

const contractHeaders = new Set<string>([...Object.values(header), ...Object.values(deadLetterHeader)]);

/** A copy of a record's headers for people's eyes: of those that no contract knows, only the names. */
export function maskHeaders(headers: Headers): Headers {
  const shown = Object.entries(headers).map(([name, value]) => [
    name,
    contractHeaders.has(name) ? value : masked,
  ]);
  return Object.fromEntries(shown) as Headers;
}

function mask(value: unknown, isPlain: boolean): unknown {
  if (typeof value === 'string') return isHarmless(value, isPlain) ? value : masked;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => mask(inner, isPlain));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mask(inner, isPlain || plain.has(name))]),
  );
}

function isHarmless(value: string, isPlain: boolean): boolean {
  return value === '' || uuid.test(value) || time.test(value) || (isPlain && word.test(value));
}
