/** The places between two writes at which a process may die, in the order in which an event passes them. */
export const crashPoints = [
  'outbox.committed',
  'relay.read',
  'relay.acknowledged',
  'relay.deleted',
  'handler.returned',
  'consumer.committed',
  'dead_letter.written',
  'offset.committing',
  'offset.committed',
] as const;

export type CrashPoint = (typeof crashPoints)[number];

let armed: ((point: CrashPoint) => void) | undefined;

/** For tests, which kill the process there. Nothing in a deployed service calls this, and no setting reaches it. */
export function armCrashPoints(listener: ((point: CrashPoint) => void) | undefined): void {
  armed = listener;
}

/** Marks a crash point in the code. */
export function passed(point: CrashPoint): void {
  armed?.(point);
}
