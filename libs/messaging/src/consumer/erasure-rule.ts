import { userErasureDueV1, userErasuresV1 } from '@nest-arch/contracts';
import { isUuid } from '../inbox/inbox-id.js';
import type { EventRecord } from './record.js';

const listTypes: ReadonlySet<string> = new Set([userErasureDueV1.type, userErasuresV1.type]);

/** The user whom the gate is asked about; null for keys that are no user id. */
export function subjectOf(record: EventRecord): string | null {
  return isUuid(record.key) ? record.key : null;
}

/** True for the records whose handlers put a user on the erasure list. */
export function erases(record: EventRecord): boolean {
  return listTypes.has(record.definition.type);
}

/** What still reaches the handlers when its user is on the erasure list. */
export function passesForErased(record: EventRecord): boolean {
  return record.tombstone || erases(record) || /\.erased\.v\d+$/.test(record.definition.type);
}
