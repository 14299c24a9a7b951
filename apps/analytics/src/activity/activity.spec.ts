import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  sessionEndedV1,
  sessionRefreshedV1,
  sessionStartedV1,
  userEmailVerifiedV1,
  userErasureDueV1,
  userErasuresV1,
  userRegisteredV1,
} from '@nest-arch/contracts';
import { many, uuidv7 } from '@nest-arch/database';
import { waitFor } from '@nest-arch/testing';
import { type Harness, startHarness } from '../testing/harness.js';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.stop());

const at = (day: string, time = '12:00:00.000') => `${day}T${time}Z`;

function register(day: string, { userId = uuidv7(), id = uuidv7(), time = '12:00:00.000' } = {}) {
  const data = { ...userRegisteredV1.fixture, userId, registeredAt: at(day, time) };
  return service.events.send(userRegisteredV1, data, { key: userId, version: 1, id });
}

function signIn(day: string, userId: string, id = uuidv7()) {
  const data = { ...sessionStartedV1.fixture, userId, startedAt: at(day) };
  return service.events.send(sessionStartedV1, data, { key: userId, id });
}

function refresh(day: string, userId: string, time: string) {
  const data = { ...sessionRefreshedV1.fixture, userId, refreshedAt: at(day, time) };
  return service.events.send(sessionRefreshedV1, data, { key: userId });
}

const daysOf = (userId: string) =>
  many(service.db, `select day::text from daily_active where user_id = $1 order by day`, [userId]);

describe('a day', () => {
  it('has the sign-ups and verified addresses of its own hours, in UTC', async () => {
    const userId = uuidv7();
    await register('2026-05-01', { time: '00:00:00.000' });
    await register('2026-05-01', { userId, time: '23:59:59.999' });
    await register('2026-05-02', { time: '00:00:00.000' });
    const verified = { ...userEmailVerifiedV1.fixture, userId, verifiedAt: at('2026-05-02') };
    await service.events.send(userEmailVerifiedV1, verified, { key: userId, version: 2 });

    await service.counted('2026-05-01', { signUps: 2 });
    await service.counted('2026-05-02', { signUps: 1, verified: 1 });
  });

  it('counts an event once, however often it is delivered', async () => {
    const [id, userId] = [uuidv7(), uuidv7()];
    for (let delivery = 0; delivery < 5; delivery += 1) await register('2026-05-03', { id, userId });
    await register('2026-05-03', { userId: uuidv7() });

    await service.counted('2026-05-03', { signUps: 2 });
  });

  it('counts people, not visits', async () => {
    const [ada, grace] = [uuidv7(), uuidv7()];
    await signIn('2026-05-04', ada);
    await signIn('2026-05-04', ada);
    await refresh('2026-05-04', ada, '12:10:00.000');
    await refresh('2026-05-05', ada, '00:00:01.000');
    await signIn('2026-05-04', grace);
    const ended = { ...sessionEndedV1.fixture, userId: ada, endedAt: at('2026-05-06') };
    await service.events.send(sessionEndedV1, ended, { key: ada });
    await signIn('2026-05-07', ada);

    await service.counted('2026-05-07', { active: 1 });
    await service.counted('2026-05-04', { active: 2 });
    await service.counted('2026-05-05', { active: 1 });
    await service.counted('2026-05-06', {});
  });

  it('is right when many events arrive at once on all partitions', async () => {
    const people = Array.from({ length: 50 }, () => uuidv7());
    await Promise.all(
      people.flatMap((userId) => [
        register('2026-05-08', { userId }),
        signIn('2026-05-08', userId),
        refresh('2026-05-08', userId, '13:00:00.000'),
      ]),
    );

    await service.counted('2026-05-08', { signUps: 50, active: 50 });
  });
});

it('a record that breaks its contract becomes a dead letter, and the next one is counted', async () => {
  const userId = uuidv7();
  const broken = { ...userRegisteredV1.fixture, userId, registeredAt: 'yesterday' };
  await service.events.send(userRegisteredV1, broken, { key: userId });
  await register('2026-05-09', { userId });

  await service.counted('2026-05-09', { signUps: 1 });
  const letters = await service.deadLetters(userRegisteredV1.topic);
  expect(letters.find(({ key }) => key === userId)).toMatchObject({
    headers: { 'x-dlq-reason': 'schema_mismatch', 'x-dlq-detail': expect.stringContaining('registeredAt') },
    data: { registeredAt: 'yesterday' },
  });
});

describe('erasure', () => {
  it('forgets when the person was there, keeps the counts, and answers', async () => {
    const userId = uuidv7();
    await signIn('2026-06-01', userId);
    await signIn('2026-06-02', userId);
    await service.counted('2026-06-02', { active: 1 });
    const due = { ...userErasureDueV1.fixture, userId };
    await service.events.send(userErasureDueV1, due, { key: userId, version: 3 });
    const answer = await waitFor(async () => (await service.said()).find(({ key }) => key === userId));

    expect(answer).toMatchObject({
      type: 'analytics.user.erased.v1',
      data: { userId, erasureId: due.erasureId },
    });
    expect(await daysOf(userId)).toEqual([]);

    // An event that was still on its way does not bring the person back.
    await signIn('2026-06-03', userId);
    await signIn('2026-06-03', uuidv7());
    await service.counted('2026-06-03', { active: 1 });
    expect(await daysOf(userId)).toEqual([]);
    await service.counted('2026-06-01', { active: 1 });
  });

  it('by the list removes a person whom a restored backup has brought back', async () => {
    const userId = uuidv7();
    await signIn('2026-06-04', userId);
    await service.counted('2026-06-04', { active: 1 });
    const entry = { userId, version: 7, erasedAt: new Date().toISOString() };
    await service.events.send(userErasuresV1, entry, { key: userId, version: 7 });

    await waitFor(async () => (await daysOf(userId)).length === 0);
  });
});

describe('the summary', () => {
  it('has every day of the period, and totals without active people', async () => {
    await register('2026-07-02');
    await service.counted('2026-07-02', { signUps: 1 });
    const answer = await service.admin.get('/v1/admin/analytics/summary?from=2026-07-01&to=2026-07-03');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      days: [
        { day: '2026-07-01', signUps: 0, verified: 0, active: 0 },
        { day: '2026-07-02', signUps: 1, verified: 0, active: 0 },
        { day: '2026-07-03', signUps: 0, verified: 0, active: 0 },
      ],
      totals: { signUps: 1, verified: 0 },
    });
  });

  it('is of the last thirty days when nothing is asked for', async () => {
    const { body } = await service.admin.get('/v1/admin/analytics/summary');

    expect(body.days).toHaveLength(30);
    expect(body.days.at(-1).day).toBe(new Date().toISOString().slice(0, 10));
  });

  it.each([
    ['to=1970-01-10', '1970-01-01', '1970-01-10'],
    ['from=9999-12-30&to=9999-12-31', '9999-12-30', '9999-12-31'],
    ['to=9999-12-31', '9999-12-02', '9999-12-31'],
  ])('goes to the ends of the calendar: %s', async (query, first, last) => {
    const { status, body } = await service.admin.get(`/v1/admin/analytics/summary?${query}`);

    expect(status).toBe(200);
    expect([body.days.at(0).day, body.days.at(-1).day]).toEqual([first, last]);
  });

  it('keeps its days where daylight saving begins', async () => {
    const { body } = await service.admin.get('/v1/admin/analytics/summary?from=2026-03-28&to=2026-03-31');

    expect(body.days.map(({ day }: { day: string }) => day)).toEqual([
      '2026-03-28',
      '2026-03-29',
      '2026-03-30',
      '2026-03-31',
    ]);
  });

  it.each([
    ['from=yesterday', 'request.invalid'],
    ['from=2026-02-30', 'request.invalid'],
    ['from=0000-01-01&to=0000-01-31', 'request.invalid'],
    ['to=0000-01-10', 'request.invalid'],
    ['to=0001-01-10', 'request.invalid'],
    ['from=1969-12-31&to=1970-01-01', 'request.invalid'],
    ['since=2026-01-01', 'request.invalid'],
    ['from=2026-01-01&from=2026-01-02', 'request.invalid'],
    ['from=2026-07-03&to=2026-07-01', 'analytics.invalid_period'],
    ['from=2025-01-01&to=2026-07-01', 'analytics.invalid_period'],
  ])('refuses %s', async (query, code) => {
    expect(await service.admin.get(`/v1/admin/analytics/summary?${query}`)).toMatchObject({
      status: 400,
      body: { code },
    });
  });

  it('is for admins', async () => {
    const path = '/v1/admin/analytics/summary';
    const editor = await service.issuer.tokenOf(uuidv7(), { roles: ['editor'] });

    expect(await service.http.as(editor).get(path)).toMatchObject({ status: 403 });
    expect(await service.http.get(path)).toMatchObject({ status: 401 });
  });
});
