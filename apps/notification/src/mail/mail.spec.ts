import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  challengeIssuedV1,
  messageAcceptedV1,
  messageFailedV1,
  messageSentV1,
  topics,
  userEmailVerifiedV1,
  userStateV1,
  type ChallengePurpose,
} from '@nest-arch/contracts';
import { execute, many, uuidv7 } from '@nest-arch/database';
import { BroadcastConsumer } from '@nest-arch/messaging/broadcast';
import { linkToken, waitFor } from '@nest-arch/testing';
import { challengeFor, deliveriesOf, delivery, startHarness, type Harness } from '../testing/harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.start();
});

afterAll(() => harness.stop());

afterEach(() => {
  harness.smtp.refuse = () => undefined;
});

function mailsTo(address: string) {
  return harness.smtp.mails.filter(({ to }) => to.includes(address));
}

async function given(
  changes: { locale?: string; expiresAt?: Date; purpose?: ChallengePurpose; recipient?: string } = {},
) {
  const userId = uuidv7();
  const address = changes.recipient ?? `ada.${userId}@example.com`;
  const token = `vt_${userId.replaceAll('-', '')}`;
  const secret = changes.purpose === 'address_taken' ? { recipient: address } : { recipient: address, token };
  const challenge = challengeFor(userId, { ...changes, jwe: await harness.issuer.seal(secret) });
  const send = (id?: string) =>
    harness.events.send(challengeIssuedV1, challenge, { key: userId, ...(id ? { id } : {}) });
  return { userId, address, token, challenge, send };
}

describe('a verification mail', () => {
  it('carries the token in the fragment of its link and follows the rules for mails', async () => {
    const { address, token, send, userId } = await given({ locale: 'de-AT' });
    await send();
    const sent = await delivery(harness.db, userId, 'sent');

    const [mail] = mailsTo(address);
    expect(mail?.parsed.subject).toBe('Bestätige deine E-Mail-Adresse für Example');
    expect(mail?.parsed.text).toContain(`https://app.example.com/verify#token=${token}`);
    expect(linkToken({ text: mail?.parsed.text ?? '' })).toBe(token);
    expect(mail?.parsed.html).toContain(`href="https://app.example.com/verify#token=${token}"`);
    expect(mail?.parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.from).toBe('no-reply@mail.example.com');
    expect(mail?.parsed.messageId).toBe(sent.messageIdHeader);
    expect(sent.messageIdHeader).toMatch(/^<[0-9a-f-]{36}@mail\.example\.com>$/);
    expect(sent.sealed).toBeNull();
  });

  it('is sent once however often its event and its challenge arrive', async () => {
    const { address, send, userId } = await given();
    const id = await send();
    await send(id);
    await send(uuidv7());
    await delivery(harness.db, userId, 'sent');
    const later = await given();
    await later.send();
    await delivery(harness.db, later.userId, 'sent');
    expect(mailsTo(address)).toHaveLength(1);
  });

  it('is not sent when the challenge has expired', async () => {
    const expired = await given({ expiresAt: new Date(Date.now() - 1_000) });
    await expired.send();
    const other = await given();
    await other.send();
    await delivery(harness.db, other.userId, 'sent');
    await expect(deliveriesOf(harness.db, expired.userId)).resolves.toEqual([]);
    expect(mailsTo(expired.address)).toEqual([]);
  });

  it('goes to internationalised addresses', async () => {
    const { send, userId } = await given({ recipient: 'jörg@xn--mnchen-3ya.de' });
    await send();
    await delivery(harness.db, userId, 'sent');
    const [mail] = harness.smtp.mails.filter(({ to }) => to[0]?.startsWith('jörg@'));
    expect(['jörg@xn--mnchen-3ya.de', 'jörg@münchen.de']).toContain(mail?.to[0]);
  });

  it.each([
    'ada@example.com, eve@example.com',
    'ada@example.com>\r\nRCPT TO:<eve@example.com',
    'not an address',
  ])('does not go to %j', async (recipient) => {
    const { send, userId } = await given({ recipient });
    await send();
    await expect(delivery(harness.db, userId, 'failed')).resolves.toMatchObject({
      reason: 'recipient_invalid',
      sealed: null,
    });
    expect(mailsTo('eve@example.com')).toEqual([]);
  });

  it('fails when the challenge does not open, and waits when its key is not there yet', async () => {
    const broken = await given();
    const [head, ...rest] = broken.challenge.jwe.split('.');
    broken.challenge.jwe = [head, ...rest.slice(0, 2), 'AAAA', rest.at(-1)].join('.');
    await broken.send();
    await expect(delivery(harness.db, broken.userId, 'failed')).resolves.toMatchObject({
      reason: 'challenge_unreadable',
    });

    const early = await given();
    early.challenge.jwe = await harness.issuer.seal({ recipient: early.address, token: 't' }, 'next-key');
    await early.send();
    await waitFor(
      async () => (await deliveriesOf(harness.db, early.userId))[0]?.reason === 'challenge_key_missing',
    );
    await expect(deliveriesOf(harness.db, early.userId)).resolves.toMatchObject([{ state: 'pending' }]);
  });
});

it('the owner of a taken address is told, without a link', async () => {
  const { address, send, userId } = await given({ purpose: 'address_taken' });
  await send();
  await delivery(harness.db, userId, 'sent');
  expect(mailsTo(address)[0]?.parsed.subject).toBe('You already have an account at Example');
  expect(mailsTo(address)[0]?.parsed.text).not.toContain('http');
});

describe('a mail server', () => {
  it('that answers 451 gets the mail again, and the consumers go on meanwhile', async () => {
    const { address, send, userId } = await given();
    let refusals = 0;
    harness.smtp.refuse = (step, argument) =>
      step === 'RCPT' && argument === address && (refusals += 1) === 1 ? '451 4.7.1 greylisted' : undefined;
    await send();
    await waitFor(async () => (await deliveriesOf(harness.db, userId))[0]?.reason === 'smtp_451');
    const other = await given();
    await other.send();
    await delivery(harness.db, other.userId, 'sent');
    expect(mailsTo(address)).toHaveLength(0);

    await expect(delivery(harness.db, userId, 'sent')).resolves.toMatchObject({ attempts: 2, reason: null });
    expect(mailsTo(address)).toHaveLength(1);
  });

  it('that answers 550 is not asked again, and the failure is announced', async () => {
    const { address, send, userId } = await given();
    harness.smtp.refuse = (step, argument) =>
      step === 'RCPT' && argument === address ? '550 5.1.1 no such user' : undefined;
    await send();
    await expect(delivery(harness.db, userId, 'failed')).resolves.toMatchObject({
      attempts: 1,
      reason: 'smtp_550',
      sealed: null,
    });
    expect(mailsTo(address)).toHaveLength(0);
  });

  it('that hangs up after it has the mail gets it again with the same Message-ID', async () => {
    const { address, send, userId } = await given();
    let accepted = 0;
    harness.smtp.refuse = (step, argument) =>
      step === 'accepted' && argument.includes(address) && (accepted += 1) === 1 ? 'hang up' : undefined;
    await send();
    await delivery(harness.db, userId, 'sent');
    const ids = mailsTo(address).map(({ parsed }) => parsed.messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('that never acknowledges gets a mail three times at most, other failures apart', async () => {
    const { address, send, userId } = await given();
    let asked = 0;
    harness.smtp.refuse = (step, argument) => {
      if (step !== 'accepted' || !argument.includes(address)) return undefined;
      asked += 1;
      return asked <= 2 ? '451 4.3.0 later' : 'hang up';
    };
    await send();
    for (let tries = 1; tries < 5; tries += 1) {
      await waitFor(async () => {
        const [found] = await deliveriesOf(harness.db, userId);
        return found?.state === 'pending' && found.attempts === tries;
      });
      // The pauses between tries are another test's.
      await execute(harness.db, `update deliveries set next_attempt_at = now() where user_id = $1`, [userId]);
    }
    await expect(delivery(harness.db, userId, 'failed')).resolves.toMatchObject({
      attempts: 5,
      reason: 'smtp_unacknowledged',
      sealed: null,
    });
    expect(mailsTo(address)).toHaveLength(3);
  });
});

it('a crash between the 250 and the commit repeats the mail once, with the same Message-ID', async () => {
  const { address, send, userId } = await given();
  await send();
  const { messageIdHeader } = await delivery(harness.db, userId, 'sent');
  // What such a crash leaves behind: the mail is out, the row still says sending, and its lease has run out.
  await execute(
    harness.db,
    `update deliveries set state = 'sending', sent_at = null, sealed = $2, lease_id = $3, next_attempt_at = now() - interval '1 second'
      where user_id = $1`,
    [userId, await harness.issuer.seal({ recipient: address, token: 'vt_again' }), uuidv7()],
  );
  await waitFor(() => mailsTo(address).length === 2);
  await delivery(harness.db, userId, 'sent');
  expect(mailsTo(address).map(({ parsed }) => parsed.messageId)).toEqual([messageIdHeader, messageIdHeader]);
});

it('every mail is announced: accepted, then sent or failed', async () => {
  const announced: { type: string; userId: string }[] = [];
  const reader = new BroadcastConsumer({
    brokers: harness.env.KAFKA_BROKERS.split(','),
    app: 'spec',
    topicPrefix: harness.env.KAFKA_TOPIC_PREFIX,
    topics: [topics.deliveryEvents.name],
    from: 'beginning',
    onRecord: ({ type, key }) => void announced.push({ type, userId: key }),
  });
  reader.start();
  const good = await given();
  await good.send();
  const bad = await given({ recipient: 'nobody' });
  await bad.send();
  const of = ({ userId }: { userId: string }) =>
    announced.filter((event) => event.userId === userId).map(({ type }) => type);
  await waitFor(() => of(good).length >= 2 && of(bad).length >= 2).finally(() => reader.close());
  expect(of(good)).toEqual([messageAcceptedV1.type, messageSentV1.type]);
  expect(of(bad)).toEqual([messageAcceptedV1.type, messageFailedV1.type]);
});

describe('the welcome mail', () => {
  const verified = (userId: string, source: 'self' | 'import' = 'self') =>
    harness.events.send(
      userEmailVerifiedV1,
      { userId, version: 2, source, verifiedAt: new Date().toISOString() },
      { key: userId, version: 2 },
    );
  const state = (userId: string, version: number) =>
    harness.events.send(
      userStateV1,
      {
        ...userStateV1.fixture,
        userId,
        version,
        email: `ada.${userId}@example.com`,
        locale: 'de',
        ...(version > 1
          ? { initialProfile: { displayName: 'Ada <Lovelace>' } }
          : { initialProfile: undefined }),
      } as typeof userStateV1.fixture,
      { key: userId, version },
    );

  it('waits for the contact that its event belongs to, and greets by name in the language of the person', async () => {
    const userId = uuidv7();
    await state(userId, 1);
    await waitFor(
      async () =>
        (await many(harness.db, 'select 1 from contacts where user_id = $1', [userId])).length === 1,
    );
    await verified(userId);
    await delivery(harness.db, userId, 'awaiting_contact');

    await state(userId, 2);
    await delivery(harness.db, userId, 'sent');
    const [mail] = mailsTo(`ada.${userId}@example.com`);
    expect(mail?.parsed.subject).toBe('Willkommen bei Example');
    expect(mail?.parsed.text).toContain('Willkommen, Ada <Lovelace>!');
    expect(mail?.parsed.html).toContain('Willkommen, Ada &lt;Lovelace&gt;!');
  });

  it('goes out at once where the contact is known', async () => {
    const userId = uuidv7();
    await state(userId, 2);
    await waitFor(
      async () =>
        (await many(harness.db, 'select 1 from contacts where user_id = $1', [userId])).length === 1,
    );
    await verified(userId);
    await delivery(harness.db, userId, 'sent');
  });

  it('fails when the contact has not come for a day', async () => {
    const userId = uuidv7();
    await verified(userId);
    await delivery(harness.db, userId, 'awaiting_contact');
    await execute(harness.db, `update deliveries set next_attempt_at = now() where user_id = $1`, [userId]);
    await expect(delivery(harness.db, userId, 'failed')).resolves.toMatchObject({
      reason: 'contact_unknown',
    });
  });

  it('is not for people who were imported', async () => {
    const imported = uuidv7();
    await verified(imported, 'import');
    const other = await given();
    await other.send();
    await delivery(harness.db, other.userId, 'sent');
    await expect(deliveriesOf(harness.db, imported)).resolves.toEqual([]);
  });
});
