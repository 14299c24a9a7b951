import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { delivery, deliveriesOf, startHarness, type Harness, type Instance } from '../testing/harness.js';
import { DeliveryRunner } from './delivery-runner.js';
import { MailQueue } from './mail-queue.js';
import { MailSender } from './mail-sender.js';
import { MailSignal } from './mail-signal.js';

let harness: Harness;
let instances: Instance[];

beforeAll(async () => {
  harness = await startHarness({ consuming: false });
  instances = await Promise.all([harness.start(), harness.start(), harness.start()]);
});

afterAll(() => harness.stop());

async function queue(on: Instance): Promise<{ userId: string; address: string }> {
  const userId = uuidv7();
  const address = `${userId}@example.com`;
  const sealed = await harness.issuer.seal({ recipient: address, token: 't' });
  await harness.db.transaction((tx) =>
    on.app.get(MailQueue).addChallenge(tx, {
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

const mailsTo = (address: string) => harness.smtp.mails.filter(({ to }) => to.includes(address)).length;

it('three replicas that look for the same mails send each of them once', async () => {
  const people = await Promise.all(
    Array.from({ length: 120 }, (_, index) => queue(instances[index % 3] as Instance)),
  );
  instances.forEach(({ app }) => app.get(MailSignal).notify());
  for (const { userId } of people) await delivery(harness.db, userId, 'sent');
  expect(people.map(({ address }) => mailsTo(address))).toEqual(people.map(() => 1));
});

it('a mail that takes longer than a lease stays with its sender', async () => {
  const { app } = instances[0] as Instance;
  // Another replica with a short memory: it would take over whatever is not renewed.
  const impatient = new MailSender(harness.db, new MailSignal(), app.get(DeliveryRunner), {
    concurrency: 4,
    leaseMs: 300,
    pollMs: 20,
  });
  const others = instances.map((instance) => instance.app.get(MailSender));
  await Promise.all(others.slice(1).map((sender) => sender.beforeApplicationShutdown()));
  impatient.onApplicationBootstrap();
  harness.smtp.refuse = async (step) => {
    if (step === 'DATA') await new Promise((resolve) => setTimeout(resolve, 1_200));
    return undefined;
  };
  const people = await Promise.all([1, 2, 3].map(() => queue(instances[1] as Instance)));
  for (const { userId } of people) await delivery(harness.db, userId, 'sent');
  harness.smtp.refuse = () => undefined;
  expect(people.map(({ address }) => mailsTo(address))).toEqual([1, 1, 1]);
  expect((await deliveriesOf(harness.db, people[0]?.userId ?? ''))[0]?.attempts).toBe(1);
  await impatient.beforeApplicationShutdown();
});

it('a stop lets the mails under way end and leaves the others to the next start', async () => {
  const leaving = await harness.start();
  let arrived = 0;
  harness.smtp.refuse = async (step) => {
    if (step !== 'DATA') return undefined;
    arrived += 1;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return undefined;
  };
  const person = await queue(leaving);
  await waitFor(() => arrived > 0);
  await leaving.stop();
  harness.smtp.refuse = () => undefined;
  await expect(deliveriesOf(harness.db, person.userId)).resolves.toMatchObject([
    { state: 'sent', attempts: 1 },
  ]);
  expect(mailsTo(person.address)).toBe(1);
});
