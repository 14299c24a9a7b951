import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { profileStateV1, userErasureDueV1, userErasuresV1, userStateV1 } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { type HttpClient, waitFor } from '@nest-arch/testing';
import { accountOf, type Harness, startHarness } from '../testing/harness.js';

let service: Harness;
let http: HttpClient;
beforeAll(async () => {
  service = await startHarness();
  http = await service.start();
});
afterAll(() => service.stop());

/** Types and versions of what was said of a person, the topics apart. */
async function saidOf(userId: string, topic: 'events' | 'state') {
  const records = await waitFor(async () => {
    const all = await service.said(userId);
    return all.length > 0 ? all : null;
  });
  return records
    .filter((record) => record.topic.includes(`.${topic}.`))
    .map(({ type, headers, data }) => ({ type, version: Number(headers['ce_version']), data }));
}

async function edit(userId: string, patch: object): Promise<void> {
  const token = await service.tokenOf(userId);
  const { headers } = await http.as(token).get('/v1/users/me');
  const { status } = await http
    .as(token)
    .patch('/v1/users/me', patch, { headers: { 'if-match': headers.get('etag') ?? '' } });
  expect(status).toBe(200);
}

describe('an account record', () => {
  it('makes an empty profile in the language of the registration', async () => {
    const account = await service.announce({ locale: 'de-AT', region: 'eu' });

    expect(await service.caughtUp(account)).toMatchObject({
      displayName: null,
      locale: 'de-AT',
      region: 'eu',
      version: 1,
      initialisedAt: null,
    });
    await waitFor(async () => (await service.said(account.userId)).length === 2);
    expect(await saidOf(account.userId, 'events')).toMatchObject([
      { type: 'profile.user.created.v1', version: 1 },
    ]);
    expect(await saidOf(account.userId, 'state')).toMatchObject([
      { version: 1, data: { userId: account.userId, version: 1, displayName: null, locale: 'de-AT' } },
    ]);
  });

  it('with names fills the profile and says so once, however often auth repeats them', async () => {
    const initialProfile = { displayName: 'Ada Lovelace', givenName: 'Ada' };
    const first = await service.announce({ version: 1 });
    await service.announce({ ...first, version: 2, initialProfile });
    const last = await service.announce({ ...first, version: 3, initialProfile: { displayName: 'Eve' } });

    expect(await service.caughtUp(last)).toMatchObject({
      displayName: 'Ada Lovelace',
      givenName: 'Ada',
      familyName: null,
      version: 2,
    });
    await waitFor(async () => (await service.said(first.userId)).length === 4);
    expect(await saidOf(first.userId, 'events')).toMatchObject([
      { type: 'profile.user.created.v1', version: 1 },
      { type: 'profile.user.initialised.v1', version: 2 },
    ]);
    expect((await saidOf(first.userId, 'state')).map(({ version }) => version)).toEqual([1, 2]);
  });

  it('may bring the names at once, as an import does', async () => {
    const account = await service.announce({
      source: 'import',
      initialProfile: { displayName: 'Grace Hopper' },
    });

    expect(await service.caughtUp(account)).toMatchObject({ displayName: 'Grace Hopper', version: 2 });
    await waitFor(async () => (await service.said(account.userId)).length === 3);
    expect((await saidOf(account.userId, 'events')).map(({ version }) => version)).toEqual([1, 2]);
    expect(await saidOf(account.userId, 'state')).toMatchObject([{ version: 2 }]);
  });

  it('of an unproven address chooses no language for its owner, whose own comes with the proof', async () => {
    const stranger = await service.announce({ version: 1, emailVerified: false, locale: 'ru' });
    expect(await service.caughtUp(stranger)).toMatchObject({ locale: null, version: 1 });
    const owner = { ...stranger, version: 2, emailVerified: true, locale: 'pt-BR' };
    await service.announce(owner);

    expect(await service.caughtUp(owner)).toMatchObject({ locale: 'pt-BR', version: 2, editedFields: [] });
    await waitFor(async () => (await service.said(owner.userId)).length === 4);
    expect(await saidOf(owner.userId, 'state')).toMatchObject([
      { version: 1, data: { locale: null } },
      { version: 2, data: { locale: 'pt-BR' } },
    ]);
    expect((await saidOf(owner.userId, 'events')).at(-1)).toMatchObject({
      type: 'profile.user.updated.v1',
      version: 2,
      data: { changedFields: ['locale'] },
    });
  });

  it('brings the language together with the names, as one change', async () => {
    const stranger = await service.announce({ version: 1, emailVerified: false, locale: 'ru' });
    const owner = { ...stranger, version: 2, emailVerified: true, locale: 'fr' };
    await service.announce({ ...owner, initialProfile: { displayName: 'Ada' } });

    expect(await service.caughtUp(owner)).toMatchObject({ locale: 'fr', displayName: 'Ada', version: 2 });
  });

  it('of the proven address that comes first is not undone by the unproven one', async () => {
    const owner = await service.announce({ version: 2, emailVerified: true, locale: 'fr' });
    await service.caughtUp(owner);
    await service.announce({ ...owner, version: 1, emailVerified: false, locale: 'ru' });
    const last = await service.announce({ ...owner, version: 3, locale: 'fr' });

    expect(await service.caughtUp(last)).toMatchObject({ locale: 'fr', version: 1 });
  });

  it('leaves the language alone that the person has chosen, or cleared, before the proof', async () => {
    for (const chosen of ['fr', null]) {
      const account = await service.announce({ version: 1, emailVerified: false, locale: 'de' });
      await service.caughtUp(account);
      await edit(account.userId, { locale: 'fr' });
      if (chosen === null) await edit(account.userId, { locale: null });
      const next = await service.announce({ ...account, version: 2, emailVerified: true });

      expect(await service.caughtUp(next)).toMatchObject({ locale: chosen });
    }
  });

  it('does not overwrite a name that the person has edited', async () => {
    const account = await service.announce({ version: 1, locale: 'en' });
    await service.caughtUp(account);
    await edit(account.userId, { displayName: 'Countess', locale: 'fr' });
    const initialProfile = { displayName: 'Ada', familyName: 'Lovelace' };
    const next = await service.announce({ ...account, version: 2, locale: 'de', initialProfile });

    expect(await service.caughtUp(next)).toMatchObject({
      displayName: 'Countess',
      familyName: 'Lovelace',
      locale: 'fr',
    });
  });

  it('that is older than the known one changes nothing', async () => {
    const account = await service.announce({ version: 5, region: 'eu' });
    await service.caughtUp(account);
    await service.announce({ ...account, version: 4, region: 'us', initialProfile: { displayName: 'Old' } });
    const last = await service.announce({ ...account, version: 6, region: 'eu' });

    expect(await service.caughtUp(last)).toMatchObject({ displayName: null, version: 1, region: 'eu' });
  });

  it('that says nothing new for a profile is not announced', async () => {
    const account = await service.announce({ version: 1 });
    const last = await service.announce({ ...account, version: 2, emailVerified: true, roles: ['admin'] });
    await service.caughtUp(last);
    await service.caughtUp(await service.announce());

    expect(await saidOf(account.userId, 'state')).toHaveLength(1);
  });
});

describe('erasure', () => {
  const dueFor = (userId: string) => ({
    ...userErasureDueV1.fixture,
    userId,
    erasureId: `er_${userId}`,
  });

  async function gone(userId: string): Promise<void> {
    await waitFor(async () => (await service.profileOf(userId)) === null, { what: 'the profile to go' });
  }

  it('deletes the profile, tombstones its state and answers auth, once for a repeated event', async () => {
    const account = await service.announce({ initialProfile: { displayName: 'Ada' } });
    const { userId } = account;
    await service.caughtUp(account);
    const token = await service.tokenOf(userId);
    expect((await http.as(token).get(`/v1/users/${userId}`)).status).toBe(200); // and it is in the cache

    const id = await service.events.send(userErasureDueV1, dueFor(userId), { key: userId, version: 2 });
    await service.events.send(userErasureDueV1, dueFor(userId), { key: userId, version: 2, id });
    await gone(userId);

    const other = await service.tokenOf(uuidv7());
    expect(await http.as(other).get(`/v1/users/${userId}`)).toMatchObject({
      status: 404,
      body: { code: 'users.not_found' },
    });
    expect(await http.as(token).get('/v1/users/me')).toMatchObject({
      status: 404,
      body: { code: 'users.not_found' },
    });
    await waitFor(async () => (await service.said(userId)).length === 5);
    expect((await saidOf(userId, 'events')).at(-1)).toMatchObject({
      type: 'profile.user.erased.v1',
      data: { userId, erasureId: `er_${userId}` },
    });
    expect((await saidOf(userId, 'state')).at(-1)).toEqual({
      type: profileStateV1.type,
      version: 3,
      data: null,
    });
  });

  it('answers also when the account record has not come yet, and then lets none in', async () => {
    const userId = uuidv7();
    await service.events.send(userErasureDueV1, dueFor(userId), { key: userId, version: 2 });
    await waitFor(async () => (await service.said(userId)).length === 1, { what: 'the answer' });
    await service.announce({ userId, version: 1 });
    await service.caughtUp(await service.announce());

    expect(await service.profileOf(userId)).toBeNull();
    expect((await saidOf(userId, 'events')).map(({ type }) => type)).toEqual(['profile.user.erased.v1']);
  });

  it('by tombstone keeps an older account record out', async () => {
    const account = await service.announce({ version: 3 });
    await service.caughtUp(account);
    await service.events.send(userStateV1, null, { key: account.userId, version: 4 });
    await gone(account.userId);
    await service.announce({ ...accountOf(account.userId), version: 2 });
    await service.announce({ ...accountOf(account.userId), version: 9 });
    await service.caughtUp(await service.announce());

    expect(await service.profileOf(account.userId)).toBeNull();
    expect((await saidOf(account.userId, 'state')).at(-1)).toMatchObject({ version: 2, data: null });
  });

  it('by the list removes a person whom a restored backup has brought back', async () => {
    const account = await service.announce();
    const { userId } = account;
    await service.caughtUp(account);
    const entry = { userId, version: 7, erasedAt: new Date().toISOString() };
    await service.events.send(userErasuresV1, entry, { key: userId, version: 7 });

    await gone(userId);
  });
});
