import { stateMutants } from './state-mutants.ts';

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
  /** Jest's pattern of the tests in them that are about it; without it all run. */
  tests?: string;
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
    tests: 'has one effect however often',
  },
  {
    name: 'outbox outside the transaction',
    file: `${outbox}/outbox.ts`,
    find: 'await insertOutboxRow(tx, row)',
    replace: 'await insertOutboxRow((this.parts.relay as never as { db: never }).db, row)',
    why: 'a change that was rolled back is announced',
    specs: ['outbox/outbox.spec'],
    tests: 'announces nothing when',
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
    specs: ['contacts/contacts.spec'],
  },
  {
    name: 'version check off, names',
    file: 'apps/notification/src/contacts/contacts.queries.ts',
    find: 'where excluded.profile_version > c.profile_version',
    replace: '',
    why: 'an old state that comes late overwrites the name with the former one',
    specs: ['contacts/contacts.spec'],
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
    find: `if (!(await this.parts.process(records, this.control))) break;
      const last = records.at(-1) as Incoming;
      this.parts.onDone(this.id, nextOffset(last.message.offset));`,
    replace: `const last = records.at(-1) as Incoming;
      this.parts.onDone(this.id, nextOffset(last.message.offset));
      if (!(await this.parts.process(records, this.control))) break;`,
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
    tests: 'lets the events of a missing topic wait|a service that dies',
  },
  {
    name: 'lease fence off',
    file: `${outbox}/leases.ts`,
    find: 'for (const since of times) if (!this.isFresh(since)) return false;',
    replace: '',
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
    tests: 'keeps the order per key|sent twice|lets the events of a missing',
  },
  {
    name: 'erasure gate off',
    file: `${consumer}/record-handler.ts`,
    find: 'if (arrival.erased && !passesForErased(record))',
    replace: 'if (false as boolean && !passesForErased(record))',
    why: 'an erased person comes back with the next late record',
    specs: ['consumer/event-server'],
    tests: 'skips the records of an erased user',
  },
  {
    name: 'dead letter dropped silently',
    file: `${consumer}/record-processor.ts`,
    find: 'await this.parts.deadLetters.write(incoming, failure);',
    replace: 'void failure;',
    why: 'a record that could not be handled is gone without a trace',
    specs: ['consumer/event-server'],
    tests: 'is told apart by what is wrong|can be dropped',
  },
  {
    name: 'deadline off',
    file: `${consumer}/deadline.ts`,
    find: '}, deadlineMs);',
    replace: '}, 2 ** 31 - 1);',
    why: 'a handler that hangs stops its partition for ever',
    specs: ['consumer/event-server'],
    tests: 'of a handler that hangs ends at the deadline',
  },
  {
    name: 'newer version passed over',
    file: `${consumer}/record.ts`,
    find: `if (ours) throw new RecordRefusedError('unknown_version', type);`,
    replace: 'void ours;',
    why: 'a consumer that was left behind by its producer loses events without a word',
    specs: ['consumer/event-server'],
    tests: 'a newer version',
  },
  {
    name: 'pause forgotten in a rebalance',
    file: `${consumer}/partitions.ts`,
    find: 'if (this.paused.delete(key)) this.parts.fetch.resume(worker.id);',
    replace: 'this.paused.delete(key);',
    why: 'a busy partition that comes back to a member stands still until that process ends',
    specs: ['consumer/partitions'],
  },
  {
    name: 'batch: inbox off',
    file: 'libs/messaging/src/inbox/inbox.queries.ts',
    find: `insert into inbox (event_id, consumer_group) select unnest($1::uuid[]), $2 on conflict do nothing
     returning event_id as id`,
    replace: 'select unnest($1::uuid[]) as id where $2::text is not null',
    why: 'a projection counts an event twice that is delivered twice',
    specs: ['consumer/batch'],
    tests: 'gives an event to the handler once',
  },
  {
    name: 'batch: erasure gate off',
    file: `${consumer}/batch-handler.ts`,
    find: 'const hidden = erased.has(record.key.toLowerCase())',
    replace: 'const hidden = erased.has(`not ${record.key}`)',
    why: 'an erased person comes back into a projection',
    specs: ['consumer/batch'],
    tests: 'passes by the records of erased people',
  },
  {
    name: 'batch: dead letter dropped silently',
    file: `${consumer}/batch-processor.ts`,
    find: 'await this.parts.deadLetters.write(incoming, failure);',
    replace: 'void failure;',
    why: 'a record that a projection could not take is gone without a trace',
    specs: ['consumer/batch'],
    tests: 'makes what breaks the contract a dead letter',
  },
  {
    name: 'batch: the last state instead of the newest',
    file: 'libs/messaging/src/projections/reads.ts',
    find: '(record.version ?? Infinity) >= (other.version ?? 0)',
    replace: 'other.version !== undefined',
    why: 'an old state that comes late in a batch hides the newer one',
    specs: ['consumer/batch'],
    tests: 'takes many records in one transaction',
  },
  ...stateMutants,
];
