import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { many, one } from '@nest-arch/database';
import { type TestDatabase, testDatabase } from '@nest-arch/testing';
import { randomUUID } from 'node:crypto';
import { Idempotency } from './idempotency.js';
import { idempotencyMigrations } from './idempotency.migrations.js';

describe('an idempotent request', () => {
  let database: TestDatabase;
  let idempotency: Idempotency;

  beforeAll(async () => {
    database = await testDatabase({ migrations: [...idempotencyMigrations], poolSize: 20 });
    idempotency = new Idempotency(database.db, 'k'.repeat(32));
  });
  afterAll(() => database.drop());

  const request = (over: object = {}) => ({
    key: randomUUID(),
    route: 'POST /things',
    body: { a: 1, b: 2 },
    ...over,
  });

  it('has its effect once and answers the same again', async () => {
    const first = request();
    let effects = 0;
    const effect = async () => ({ number: ++effects });

    expect(await idempotency.run(first, effect)).toEqual({ number: 1 });
    expect(await idempotency.run({ ...first, body: { b: 2, a: 1 } }, effect)).toEqual({ number: 1 });
    expect(effects).toBe(1);
  });

  it('refuses another body under the same key', async () => {
    const first = request();
    await idempotency.run(first, async () => 'done');
    await expect(idempotency.run({ ...first, body: { a: 2 } }, async () => 'done')).rejects.toMatchObject({
      code: 'idempotency.key_reused',
      status: 422,
    });
  });

  it('has one effect among sixteen at once; the others hear of it or are told to wait', async () => {
    const first = request();
    let effects = 0;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, () => idempotency.run(first, async () => ({ number: ++effects }))),
    );
    expect(effects).toBe(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toEqual({ number: 1 });
      else expect(outcome.reason).toMatchObject({ code: 'idempotency.still_running', status: 409 });
    }
  });

  it('keeps nothing of an effect that failed', async () => {
    const first = request();
    await expect(idempotency.run(first, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await idempotency.run(first, async () => 'second try')).toBe('second try');
  });

  it('keeps callers and routes apart', async () => {
    const key = randomUUID();
    expect(await idempotency.run(request({ key, callerId: 'ada' }), async () => 'for ada')).toBe('for ada');
    expect(await idempotency.run(request({ key, callerId: 'eve' }), async () => 'for eve')).toBe('for eve');
    expect(await idempotency.run(request({ key, route: 'POST /others' }), async () => 'other')).toBe('other');
  });

  it('refuses a key that could be guessed', async () => {
    await expect(idempotency.run(request({ key: '12345' }), async () => 'x')).rejects.toMatchObject({
      status: 400,
    });
  });

  it('stores neither key nor answer in clear', async () => {
    const first = request({ body: { secret: 'body-secret' } });
    await idempotency.run(first, async () => ({ token: 'answer-secret' }));
    const { text } = await one<{ text: string }>(
      database.db,
      "select string_agg(i::text, '') as text from idempotency_keys i",
    );
    const rows = await many<{ answer: Buffer }>(database.db, 'select answer from idempotency_keys');
    expect(text).not.toContain(first.key);
    expect(rows.map((row) => row.answer.toString('latin1')).join()).not.toContain('answer-secret');
  });
});
