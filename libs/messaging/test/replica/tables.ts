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

/** The same for records that are taken many at a time. */
export const projection = {
  name: 'projected',
  tables: ['projected_effects', 'projected_states'],
  schema: [
    `create table projected_effects (seq bigint generated always as identity, user_id uuid not null, n int not null,
                                     event_id text not null)`,
    `create index projected_effects_user on projected_effects (user_id)`,
    `create table projected_states (user_id uuid primary key, version int not null)`,
  ],
};

/** Among the changed fields of an event that the projection's handler refuses. */
export const deadLetterMark = 'refused';
