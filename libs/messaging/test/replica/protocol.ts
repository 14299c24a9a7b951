import type { CrashPoint } from '@nest-arch/messaging/crash';

/** What a service announces in these proofs; each kind takes another way through outbox, relay and consumer. */
export const kinds = [
  'event',
  'urgent',
  'state',
  'tombstone',
  'deadLetter',
  'unpublishable',
  'projectedEvent',
  'projectedState',
  'projectedDeadLetter',
] as const;
export type Kind = (typeof kinds)[number];

/** Every third change of these kinds goes to the dead letters: of the consumer, or of the outbox. */
export const isBad = (n: number) => n % 3 === 0;

export interface ReplicaOptions {
  url: string;
  brokers: string[];
  prefix: string;
  /** How long a handler takes beside its statement. */
  handlerMs?: number;
  leaseMs?: number;
  marginMs?: number;
}

export interface Work {
  kind: Kind;
  users: string[];
  /** Changes for each user. */
  rounds: number;
  /** The last of them ends the user, where the kind has an end. */
  final?: boolean;
}

export type Command =
  { do: 'arm'; point: CrashPoint; times: number } | { do: 'write'; work: Work } | { do: 'stop' };

export type Report = { is: 'ready' } | { is: 'written' } | { is: 'stopped' } | { is: 'leading' };
