import type { EventDefinition } from './define-event.js';
import * as notification from './notification-events.js';
import * as profile from './profile-events.js';
import * as session from './session-events.js';
import * as user from './user-events.js';

/** The type of the records that keep a compacted topic's segments rolling. Every consumer skips them. */
export const heartbeatType = 'platform.heartbeat.v1';

/** Every record type of the platform, in the order of their names. */
export const events: readonly EventDefinition[] = [user, session, profile, notification]
  .flatMap((module) => Object.values(module).filter(isDefinition))
  .sort((a, b) => a.type.localeCompare(b.type));

/** Types that nobody announces any more. Their schemas stay, for who still has such records. */
export const retiredTypes: readonly string[] = [];

const byType = new Map(events.map((event) => [event.type, event]));

/** The definition behind a wire name; undefined when the contracts do not have it. */
export function eventByType(type: string): EventDefinition | undefined {
  return byType.get(type);
}

function isDefinition(value: unknown): value is EventDefinition {
  return typeof value === 'object' && value !== null && 'dataschema' in value;
}
