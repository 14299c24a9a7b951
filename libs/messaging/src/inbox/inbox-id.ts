import { createHash } from 'node:crypto';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Milliseconds of 1 January 2020 and 2100: a UUIDv7 outside is not one of a clock. */
const earliestMs = 1_577_836_800_000;
const latestMs = 4_102_444_800_000;

/** Whether the text can be used where a uuid is stored. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** The time inside a UUIDv7, in milliseconds; null for anything else. */
export function uuidTime(id: string): number | null {
  if (uuid.exec(id)?.[1] !== '7') return null;
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return ms >= earliestMs && ms < latestMs ? ms : null;
}

/**
 * The id under which the inbox remembers an event. Ours are UUIDv7 and stay as they are. CloudEvents allows any text, so
 * foreign ids become a hash that sorts before every date: one partition of its own, pruned by row. The same id always
 * gives the same result, or a duplicate would get through.
 */
export function inboxId(source: string, id: string): string {
  if (uuidTime(id) !== null) return id.toLowerCase();
  const hash = createHash('sha256').update(source).update('\0').update(id).digest('hex');
  return `00000000-0000-8${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}
