import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ownProfile, publicProfile } from '@nest-arch/contracts';
import { uuidv7 } from '@nest-arch/database';
import { type HttpClient, race, waitFor } from '@nest-arch/testing';
import { type Harness, startHarness } from '../testing/harness.js';

let service: Harness;
let http: HttpClient;
beforeAll(async () => {
  service = await startHarness();
  http = await service.start();
});
afterAll(() => service.stop());

/** A person with a profile, signed in. */
async function person(names?: { displayName?: string; givenName?: string; familyName?: string }) {
  const account = await service.announce(names ? { initialProfile: names } : {});
  await service.caughtUp(account);
  const token = await service.tokenOf(account.userId);
  const client = http.as(token);
  const patch = (body: unknown, ifMatch = '*', headers: Record<string, string> = {}) =>
    client.patch('/v1/users/me', body, { headers: { 'if-match': ifMatch, ...headers } });
  return { userId: account.userId, client, patch };
}

describe('the own profile', () => {
  it('is answered with its version as entity tag, and not again to who has it', async () => {
    const { client, userId } = await person({ displayName: 'Ada' });

    const first = await client.get('/v1/users/me');
    expect(first.status).toBe(200);
    expect(ownProfile.parse(first.body)).toMatchObject({ id: userId, displayName: 'Ada', version: 2 });
    expect(first.headers.get('etag')).toBe('"v2"');
    expect(first.headers.get('cache-control')).toBe('private, no-cache');

    const again = await client.get('/v1/users/me', { headers: { 'if-none-match': '"v2"' } });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers.get('etag')).toBe('"v2"');
  });

  it('comes a moment late when the account record is still on its way', async () => {
    const userId = uuidv7();
    const token = await service.tokenOf(userId);
    const asked = http.as(token).get('/v1/users/me');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await service.announce({ userId });

    expect(await asked).toMatchObject({ status: 200, body: { id: userId } });
  });

  it('is not ready, and says when to ask again, while nothing has come', async () => {
    const impatient = await service.start({ ARRIVAL_WAIT_MS: '100' });
    const answer = await impatient.as(await service.tokenOf(uuidv7())).get('/v1/users/me');

    expect(answer).toMatchObject({ status: 503, body: { code: 'profile.not_ready' } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('an edit', () => {
  it('answers the new profile and announces it with the names of what changed', async () => {
    const { patch, userId } = await person();
    const answer = await patch(
      { displayName: '  Ada  ', timeZone: 'Europe/London', visibility: { bio: 'private' } },
      '"v1"',
      { 'content-type': 'application/merge-patch+json' },
    );

    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"v2"');
    expect(answer.body).toMatchObject({
      displayName: 'Ada',
      timeZone: 'Europe/London',
      visibility: { bio: 'private', displayName: 'public' },
      version: 2,
    });
    const said = await waitFor(async () => {
      const records = await service.said(userId);
      return records.length === 4 ? records : null;
    });
    const [updated, state] = ['profile.user.updated.v1', 'profile.user.state.v1'].map((type) =>
      said.findLast((record) => record.type === type),
    );
    expect(updated?.data).toMatchObject({
      version: 2,
      changedFields: ['displayName', 'timeZone', 'visibility'],
    });
    expect(state?.data).toMatchObject({ version: 2, displayName: 'Ada', visibility: { bio: 'private' } });
    expect(JSON.stringify(updated?.data)).not.toContain('Ada');
  });

  it('is seen by the next read, in every replica', async () => {
    const other = await service.start();
    const { client, patch, userId } = await person({ displayName: 'Ada' });
    const stranger = other.as(await service.tokenOf(uuidv7()));
    await Promise.all([client.get('/v1/users/me'), stranger.get(`/v1/users/${userId}`)]);

    for (let round = 0; round < 20; round += 1) {
      await patch({ displayName: `Ada ${round}` });
      expect((await stranger.get(`/v1/users/${userId}`)).body.displayName).toBe(`Ada ${round}`);
    }
  });

  it('that changes nothing keeps version and silence', async () => {
    const { patch, userId } = await person({ displayName: 'Ada' });

    expect(await patch({ displayName: 'Ada', bio: null }, '"v2"')).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    expect(await service.profileOf(userId)).toMatchObject({ version: 2, editedFields: [] });
  });

  it('needs an If-Match that names the current version', async () => {
    const { client, patch } = await person();

    expect(await client.patch('/v1/users/me', { bio: 'x' })).toMatchObject({
      status: 428,
      body: { code: 'request.precondition_required' },
    });
    expect(await patch({ bio: 'x' }, '"v7"')).toMatchObject({
      status: 412,
      body: { code: 'profile.stale' },
    });
    expect((await client.get('/v1/users/me')).body).toMatchObject({ bio: null, version: 1 });
  });

  it('of sixteen at once with the same tag is done once', async () => {
    const { client, patch, userId } = await person();

    const results = await race(16, (index) => patch({ bio: `writer ${index}` }, '"v1"'));

    const statuses = results.map((result) => (result.status === 'fulfilled' ? result.value.status : 0));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(15);
    expect((await client.get('/v1/users/me')).body).toMatchObject({
      bio: `writer ${statuses.indexOf(200)}`,
      version: 2,
    });
    await waitFor(async () => (await service.said(userId)).length >= 4);
    expect(await service.said(userId)).toHaveLength(4);
  });
});

describe('somebody else’s profile', () => {
  it('shows what its visibility lets each viewer see', async () => {
    const { userId, client, patch } = await person({
      displayName: 'Ada',
      givenName: 'Augusta',
      familyName: 'King',
    });
    await patch({ bio: 'First', visibility: { familyName: 'private' } });
    const stranger = http.as(await service.tokenOf(uuidv7()));
    const admin = http.as(await service.tokenOf(uuidv7(), ['admin']));
    const path = `/v1/users/${userId.toUpperCase()}`;

    const seen = await stranger.get(path);
    expect(publicProfile.strict().parse(seen.body)).toEqual({
      id: userId,
      displayName: 'Ada',
      givenName: 'Augusta',
      bio: 'First',
    });
    expect((await admin.get(path)).body).toMatchObject({ familyName: 'King' });
    expect((await client.get(path)).body).toMatchObject({ familyName: 'King' });
    const tag = seen.headers.get('etag') ?? '';
    expect((await stranger.get(path, { headers: { 'if-none-match': tag } })).status).toBe(304);
    // What one audience has is not what another one sees.
    expect((await admin.get(path, { headers: { 'if-none-match': tag } })).status).toBe(200);
  });

  it('that does not exist is a 404', async () => {
    const { client } = await person();

    expect(await client.get(`/v1/users/${uuidv7()}`)).toMatchObject({
      status: 404,
      body: { code: 'users.not_found' },
    });
  });
});

describe('bad input', () => {
  it.each([
    ['an unknown field', { nickname: 'x' }],
    ['a wrong type', { displayName: 7 }],
    ['an empty name', { displayName: '   ' }],
    ['a name that is too long', { displayName: 'x'.repeat(81) }],
    ['a control character', { bio: 'one\ntwo\u0007' }],
    ['a locale that is none', { locale: 'not a locale' }],
    ['a time zone that is none', { timeZone: 'Mars/Olympus' }],
    ['a visibility that is not the person’s to give', { visibility: { bio: 'admin' } }],
    ['the visibility of an unknown field', { visibility: { locale: 'private' } }],
    ['the version', { version: 7 }],
    ['nothing', {}],
    ['a list', []],
    ['null', null],
  ])('%s is a 400', async (_, body) => {
    const { patch } = await person();

    expect(await patch(body)).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  it('other bodies and tokens get their own problem', async () => {
    const { client } = await person();
    const send = (raw: string | Uint8Array<ArrayBuffer>, type = 'application/merge-patch+json') =>
      client.request('PATCH', '/v1/users/me', { raw, headers: { 'content-type': type, 'if-match': '*' } });

    expect(await send('{"bio":')).toMatchObject({ status: 400, body: { code: 'request.malformed_body' } });
    expect(await send('{"bio":"a\\u0000"}')).toMatchObject({ status: 400 });
    expect(await send(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ status: 400 });
    expect(await send('bio=x', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415 });
    expect(await send(`{"bio":"${'x'.repeat(70_000)}"}`)).toMatchObject({ status: 413 });
    expect(await http.get('/v1/users/me')).toMatchObject({ status: 401 });
    expect(await client.get('/v1/users/not-an-id')).toMatchObject({ status: 400 });
    expect(await client.get('/v1/users/%00')).toMatchObject({ status: 400 });
  });
});
