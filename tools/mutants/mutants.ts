/** A way to break the code that the specs have to notice. */
export interface Mutant {
  name: string;
  /** From the root of the repository. */
  file: string;
  /** Stands exactly once in the file. */
  find: string;
  replace: string;
  /** What would happen to people if nobody noticed. */
  why: string;
  /** Jest's patterns of the specs of which at least one must fail. */
  specs: readonly string[];
}

const consumer = 'libs/messaging/src/consumer';
const outbox = 'libs/messaging/src/outbox';

export const mutants: readonly Mutant[] = [
  {
    name: 'inbox off',
    file: 'libs/messaging/src/inbox/inbox.queries.ts',
    find: `insert into inbox (event_id, consumer_group) values ($1, $2) on conflict do nothing
     returning coalesce(messaging_user_gate($3::uuid, $4), false) as erased`,
    replace: `select coalesce(messaging_user_gate($3::uuid, $4), false) as erased
      where $1::uuid is not null and $2::text is not null`,
    why: 'an event that is delivered twice has two effects',
    specs: ['consumer/event-server'],
  },
  {
    name: 'outbox outside the transaction',
    file: `${outbox}/outbox.ts`,
    find: 'await insertOutboxRow(tx, row)',
    replace: 'await insertOutboxRow((this.parts.relay as never as { db: never }).db, row)',
    why: 'a change that was rolled back is announced',
    specs: ['outbox/outbox.spec'],
  },
  {
    name: 'acks=1',
    file: `${outbox}/publisher.ts`,
    find: 'acks: -1',
    replace: 'acks: 1',
    why: 'an event is deleted here while one broker has it, and dies with that broker',
    specs: ['outbox/publisher'],
  },
  {
    name: 'version check off, addresses',
    file: 'apps/notification/src/contacts/contacts.queries.ts',
    find: 'where excluded.auth_version > c.auth_version',
    replace: '',
    why: 'an old state that comes late overwrites the address with the former one',
    specs: ['notification/src/contacts'],
  },
  {
    name: 'version check off, names',
    file: 'apps/notification/src/contacts/contacts.queries.ts',
    find: 'where excluded.profile_version > c.profile_version',
    replace: '',
    why: 'an old state that comes late overwrites the name with the former one',
    specs: ['notification/src/contacts'],
  },
  {
    name: 'version check off, accounts',
    file: 'apps/profile/src/profiles/profiles.queries.ts',
    find: 'where user_id = $1 and auth_version < $2',
    replace: 'where user_id = $1 and auth_version is distinct from $2',
    why: 'an old state that comes late overwrites what search knows of the account',
    specs: ['profiles/accounts'],
  },
  {
    name: 'offset committed before the transaction',
    file: `${consumer}/partition-worker.ts`,
    find: `      if (!(await this.parts.process(record, this.control))) break;
      this.parts.onDone(this.id, nextOffset(record.message.offset));`,
    replace: `      this.parts.onDone(this.id, nextOffset(record.message.offset));
      if (!(await this.parts.process(record, this.control))) break;`,
    why: 'what is at work when a process dies is lost',
    specs: ['proofs/crash-points'],
  },
  {
    name: 'rows deleted before the acknowledgement',
    file: `${outbox}/relay.ts`,
    find: `const sent = await this.sender.send(rows);`,
    replace: `await deleteRows(this.db, rows);
      const sent = await this.sender.send(rows);`,
    why: 'what is on its way to Kafka when a process dies is lost',
    specs: ['outbox/relay.spec', 'proofs/crash-points'],
  },
  {
    name: 'lease fence off',
    file: `${outbox}/leases.ts`,
    find: 'if (!this.holds(bucket)) return false;',
    replace: 'if (bucket < 0) return false;',
    why: 'a relay that was frozen sends old events behind those of its successor',
    specs: ['outbox/lease-fence'],
  },
  {
    name: 'rows in any order',
    file: `${outbox}/outbox.queries.ts`,
    find: `limit $2) o
      order by o.seq\``,
    replace: `limit $2) o
      order by random()\``,
    why: 'events of a user change places',
    specs: ['outbox/relay.spec'],
  },
  {
    name: 'erasure gate off',
    file: `${consumer}/record-handler.ts`,
    find: 'if (arrival.erased && !passesForErased(record))',
    replace: 'if (false as boolean && !passesForErased(record))',
    why: 'an erased person comes back with the next late record',
    specs: ['consumer/event-server'],
  },
  {
    name: 'dead letter dropped silently',
    file: `${consumer}/record-processor.ts`,
    find: 'await this.parts.deadLetters.write(incoming, failure);',
    replace: 'void failure;',
    why: 'a record that could not be handled is gone without a trace',
    specs: ['consumer/event-server'],
  },
  {
    name: 'deadline off',
    file: `${consumer}/record-handler.ts`,
    find: '}, this.parts.deadlineMs);',
    replace: '}, 2 ** 31 - 1);',
    why: 'a handler that hangs stops its partition for ever',
    specs: ['consumer/event-server'],
  },
];
