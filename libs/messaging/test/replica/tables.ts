/** Tables of the service that the proofs run, beside those of the messaging library. */
export const replicaTables = [
  // The producing side: the lock that orders a user's changes, and what was committed.
  `create table users (user_id uuid primary key, version int not null)`,
  `create table written (user_id uuid not null, n int not null, kind text not null, primary key (user_id, n))`,
  // The consuming side. No constraint of its own refuses a second effect: that is what is being proved.
  `create table effects (seq bigint generated always as identity, user_id uuid not null, n int not null,
                         event_id text not null, type text not null)`,
  `create index effects_user on effects (user_id)`,
  `create table states (user_id uuid primary key, version int not null)`,
];
