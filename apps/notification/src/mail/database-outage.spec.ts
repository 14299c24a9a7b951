import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Db, execute, many, openDatabase, uuidv7 } from '@nest-arch/database';
import { engines, waitFor } from '@nest-arch/testing';
import { delivery, deliveriesOf, startHarness, type Harness, type Instance } from '../testing/harness.js';
import { DeliveryRunner } from './delivery-runner.js';
import { MailQueue } from './mail-queue.js';
import { MailSender } from './mail-sender.js';
import { MailSignal } from './mail-signal.js';

let harness: Harness;
let instances: Instance[];
let server: Db;
const senders: MailSender[] = [];
const leaseMs = 1_000;

beforeAll(async () => {
  harness = await startHarness({ consuming: false });
  instances = await Promise.all([harness.start(), harness.start()]);
  server = await openDatabase({ url: engines.postgresUrl, poolSize: 1, migrations: [] });
  // Senders of our own instead, whose leases are short.
  await Promise.all(instances.map(({ app }) => app.get(MailSender).beforeApplicationShutdown()));
});

afterEach(async () => {
  harness.smtp.refuse = () => undefined;
  await Promise.all(senders.splice(0).map((sender) => sender.beforeApplicationShutdown()));
});

afterAll(async () => {
  await harness.stop();
  await server.close();
});

/** A sender on the connections of one instance, as in a process of its own. */
function sender(on: number): MailSender {
  const { app } = instances[on] as Instance;
  const made = new MailSender(app.get(Db), new MailSignal(), app.get(DeliveryRunner), {
    ...{ concurrency: 4, leaseMs, pollMs: 20 },
  });
  senders.push(made);
  made.onApplicationBootstrap();
  return made;
}

async function queue(): Promise<{ userId: string; address: string }> {
  const userId = uuidv7();
  const address = `${userId}@example.com`;
  const sealed = await harness.issuer.seal({ recipient: address, token: 't' });
  const { app } = instances[0] as Instance;
  await app.get(Db).transaction((tx) =>
    app.get(MailQueue).addChallenge(tx, {
      userId,
      type: 'account.email_verification',
      causeId: uuidv7(),
      causedAt: new Date(),
      locale: 'en',
      sealed,
      expiresAt: new Date(Date.now() + 3_600_000),
    }),
  );
  return { userId, address };
}

/** Nobody reaches the database until the answered function is called; what was connected is cut off. */
async function outage(): Promise<() => Promise<number>> {
  const name = new URL(harness.env.DATABASE_URL).pathname.slice(1);
  await execute(server, `alter database ${name} with allow_connections false`);
  await many(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
  return () => execute(server, `alter database ${name} with allow_connections true`);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const mailsTo = (address: string) => harness.smtp.mails.filter(({ to }) => to.includes(address)).length;

/** The mail is accepted while the database is away for longer than two leases. */
async function acceptedDuringOutage(): Promise<{ userId: string; address: string }> {
  let arrived = false;
  harness.smtp.refuse = async (step) => {
    if (step !== 'accepted') return undefined;
    arrived = true;
    await pause(500);
    return undefined;
  };
  const person = await queue();
  await waitFor(() => arrived);
  const end = await outage();
  await pause(2.5 * leaseMs);
  expect(mailsTo(person.address)).toBe(1);
  await end();
  return person;
}

async function expectOneMail({ userId, address }: { userId: string; address: string }): Promise<void> {
  await delivery(harness.db, userId, 'sent');
  // A second copy would be on its way by now.
  await pause(700);
  expect(mailsTo(address)).toBe(1);
  expect((await deliveriesOf(harness.db, userId))[0]?.attempts).toBe(1);
}

it('a mail accepted while the database was away for longer than a lease is not sent again', async () => {
  sender(0);
  await expectOneMail(await acceptedDuringOutage());
});

it('nor is it by another replica, which saw the outage too', async () => {
  sender(0);
  const person = acceptedDuringOutage();
  sender(1);
  await expectOneMail(await person);
});

/** What a process leaves that dies while it sends; its lease ends then. */
async function leftBehind(leaseEnds: string): Promise<{ userId: string; address: string }> {
  const person = await queue();
  await execute(
    harness.db,
    `update deliveries set state = 'sending', lease_id = $2, attempts = 1, next_attempt_at = $3 where user_id = $1`,
    [person.userId, uuidv7(), leaseEnds],
  );
  return person;
}

it('what a dead process left behind is taken over, before an outage and after', async () => {
  const before = await leftBehind('now');
  const after = await leftBehind('tomorrow');
  sender(1);
  await expect(delivery(harness.db, before.userId, 'sent')).resolves.toMatchObject({ attempts: 2 });
  const end = await outage();
  await pause(200);
  await end();
  await waitFor(() =>
    execute(harness.db, `update deliveries set next_attempt_at = now() where user_id = $1`, [after.userId]),
  );
  await expect(delivery(harness.db, after.userId, 'sent')).resolves.toMatchObject({ attempts: 2 });
  expect(mailsTo(after.address)).toBe(1);
});
