import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sessionRevokedV1 } from '@nest-arch/contracts';
import { waitFor } from '@nest-arch/testing';
import { type Gateway, type Harness, isReady, startHarness, untilReady } from '../testing/harness.js';

const nobody = '127.0.0.1:1';

let harness: Harness;
let gateways: Gateway[];
const inactive = new Set<string>();
const asked: string[][] = [];
let authAnswers = true;
let authDelayMs = 0;

beforeAll(async () => {
  harness = await startHarness(({ auth, profile }) => {
    profile.app.get('/v1/users/me', () => ({ reached: true }));
    auth.app.post('/internal/sessions/check', async (request, reply) => {
      await new Promise((resolve) => setTimeout(resolve, authDelayMs));
      if (request.headers['x-internal-token'] !== 'local-development-only-not-a-secret-000')
        return reply.code(401).send();
      if (!authAnswers) return reply.code(500).send();
      const { sessions } = JSON.parse(String(request.body)) as { sessions: { sid: string }[] };
      asked.push(sessions.map(({ sid }) => sid));
      return { sessions: sessions.map(({ sid }) => ({ sid, active: !inactive.has(sid) })) };
    });
  });
  gateways = await Promise.all([harness.start(), harness.start()]);
  await Promise.all(gateways.map(untilReady));
});
afterAll(() => harness.stop());

async function statusAt(gateway: Gateway, token: string): Promise<number> {
  return (await gateway.http.get('/v1/users/me', { token })).status;
}

function statuses(token: string): Promise<number[]> {
  return Promise.all(gateways.map((gateway) => statusAt(gateway, token)));
}

async function untilRefused(token: string): Promise<void> {
  await waitFor(async () => (await statuses(token)).every((status) => status === 401), { intervalMs: 5 });
}

describe('a revoked session', () => {
  // How soon is a figure of the benchmark.
  it('is refused at every gateway', async () => {
    const sessionId = randomUUID();
    const token = await harness.issuer.token({ sessionId });
    expect(await statuses(token)).toEqual([200, 200]);

    await harness.topic.revoke({ sid: sessionId });

    await untilRefused(token);
  });

  it('takes the older tokens of a user with it, but not the session that stays', async () => {
    const userId = randomUUID();
    const [kept, other, newer] = await Promise.all([
      harness.issuer.token({ userId, sessionId: '01998d3d-5be0-7d0a-8c52-90f3a1b2c3d4', ver: 1 }),
      harness.issuer.token({ userId, ver: 1 }),
      harness.issuer.token({ userId, ver: 2 }),
    ]);
    await harness.topic.revoke({ userId, minVer: 2, exceptSid: '01998d3d-5be0-7d0a-8c52-90f3a1b2c3d4' });

    await untilRefused(other);
    expect(await statuses(kept)).toEqual([200, 200]);
    expect(await statuses(newer)).toEqual([200, 200]);
  });

  it('is refused by a gateway that starts later, as soon as it is ready', async () => {
    const sessionId = randomUUID();
    await harness.topic.revoke({ sid: sessionId });
    const late = await harness.start();
    await untilReady(late);

    expect(await statusAt(late, await harness.issuer.token({ sessionId }))).toBe(401);
  });
});

describe('records that are no revocations', () => {
  const type = sessionRevokedV1.type;
  const headers = { ce_type: type, ce_id: randomUUID(), ce_source: '/spec', ce_specversion: '1.0' };
  const litter = [
    { key: 'no headers', value: '{}' },
    { key: 'broken JSON', value: '{"sid": "', headers },
    { key: 'no JSON', value: Buffer.from([0, 0xff, 0xfe]), headers },
    { key: 'breaks the contract', value: '{"sid": 7, "minVer": "all"}', headers },
    { key: 'null', value: 'null', headers },
    { key: 'a tombstone', value: null, headers },
    { key: null, value: '[]', headers },
    { key: 'another type', value: '{}', headers: { ...headers, ce_type: 'auth.session.forgiven.v1' } },
    { key: 'another version', value: '{}', headers: { ...headers, ce_type: type.replace('.v1', '.v2') } },
    { key: 'type twice', value: '[]', headers: { ...headers, ce_type: [type, 'another'] } },
    { key: 'deep', value: '['.repeat(50_000) + ']'.repeat(50_000), headers },
    { key: 'large', value: JSON.stringify({ sid: 'x'.repeat(900_000) }), headers },
    {
      key: 'many headers',
      value: '{}',
      headers: { ...headers, ...Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x${i}`, 'v'])) },
    },
  ];

  it('keep no gateway from the revocations behind them, neither a running one nor one that starts', async () => {
    const sessionId = randomUUID();
    const token = await harness.issuer.token({ sessionId });
    await harness.topic.litter(litter);
    await harness.topic.revoke({ sid: sessionId });

    await untilRefused(token);
    const late = await harness.start();
    await untilReady(late);
    expect(await statusAt(late, token)).toBe(401);
    expect(await statusAt(late, await harness.issuer.token())).toBe(200);
  });
});

describe('without the topic', () => {
  it('auth is asked, once in five seconds a session, many sessions at a time', async () => {
    const cutOff = await harness.start({ KAFKA_BROKERS: nobody });
    const sessionIds = Array.from({ length: 8 }, () => randomUUID());
    inactive.add(sessionIds[7] as string);
    const tokens = await Promise.all(sessionIds.map((sessionId) => harness.issuer.token({ sessionId })));
    // Verified before, so that all ask within one turn.
    await Promise.all(tokens.map((token) => statusAt(cutOff, token)));
    const before = asked.length;
    const answers = await Promise.all([...tokens, ...tokens].map((token) => statusAt(cutOff, token)));

    expect(answers.filter((status) => status === 200)).toHaveLength(14);
    expect(answers.filter((status) => status === 401)).toHaveLength(2);
    expect(asked.length).toBe(before);
    expect(asked.flat().filter((sid) => sid === sessionIds[0])).toHaveLength(1);
  });

  it('nobody is let in when auth does not answer either', async () => {
    const cutOff = await harness.start({ KAFKA_BROKERS: nobody });
    authAnswers = false;
    const answer = await cutOff.http.get('/v1/users/me', { token: await harness.issuer.token() });
    authAnswers = true;

    expect(answer).toMatchObject({ status: 503, body: { code: 'gateway.session_check_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('a caller who leaves while auth is asked keeps no place at the service', async () => {
    const cutOff = await harness.start({
      KAFKA_BROKERS: nobody,
      UPSTREAM_CONNECTIONS: '1',
      UPSTREAM_QUEUE: '1',
    });
    const token = await harness.issuer.token();
    authDelayMs = 300;
    const left = Array.from({ length: 4 }, () => cutOff.http.get('/v1/users/me', { token, timeoutMs: 100 }));
    await Promise.allSettled(left);
    const answer = await cutOff.http.get('/v1/users/me', { token });
    authDelayMs = 0;

    expect(answer.status).toBe(200);
  });

  it('a gateway is not ready at first, and ready when it has given the topic up', async () => {
    const cutOff = await harness.start({ KAFKA_BROKERS: nobody, REVOCATION_TRUST_SECONDS: '1' });

    expect(await isReady(cutOff)).toBe(false);
    await waitFor(() => isReady(cutOff));
    expect(await statusAt(cutOff, await harness.issuer.token())).toBe(200);
  });
});
