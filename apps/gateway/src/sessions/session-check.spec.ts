import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { loadGatewayConfig } from '../config.js';
import { FakeService } from '../testing/services.js';
import type { SessionRef } from './revocations.js';
import { SessionCheck } from './session-check.js';

interface Asked {
  sid: string;
  ver: number;
}
interface Answered {
  sid: string;
  active: boolean;
}

const minVer = 2;
const inOrder = (asked: Asked[]): Answered[] => asked.map(({ sid, ver }) => ({ sid, active: ver >= minVer }));

const auth = new FakeService();
const asked: Asked[][] = [];
let answer = inOrder;
let check: SessionCheck;

beforeAll(async () => {
  auth.app.post('/internal/sessions/check', (request) => {
    const { sessions } = JSON.parse(String(request.body)) as { sessions: Asked[] };
    asked.push(sessions);
    return { sessions: answer(sessions) };
  });
  await auth.start();
  check = new SessionCheck(loadGatewayConfig({ NODE_ENV: 'test', ...urls() }));
});
afterAll(async () => {
  await check.onApplicationShutdown();
  await auth.stop();
});
beforeEach(() => {
  answer = inOrder;
  asked.length = 0;
});

function urls(): Record<string, string> {
  const names = ['AUTH_URL', 'PROFILE_URL', 'NOTIFICATION_URL', 'ANALYTICS_URL'];
  return { ...Object.fromEntries(names.map((name) => [name, auth.url])), JWKS_URL: `${auth.url}/jwks` };
}

function session(ver: number, sessionId: string = randomUUID()): SessionRef {
  return { sessionId, userId: '01998d3c-0a51-7cc3-9a0f-3f7a3b1c2d4e', ver };
}

function outcomes(...sessions: SessionRef[]) {
  return Promise.allSettled(sessions.map((one) => check.isActive(one)));
}

describe('sessions asked about together', () => {
  it('are told apart by their version: an old token does not live on the new one of its session', async () => {
    const sid = randomUUID();

    for (const versions of [
      [1, 2],
      [4, 0],
    ]) {
      const answers = await Promise.all(versions.map((ver) => check.isActive(session(ver, sid))));
      expect(answers).toEqual(versions.map((ver) => ver >= minVer));
    }
    expect(asked.map((one) => one.length)).toEqual([2, 2]);
  });

  it.each<[string, (asked: Asked[]) => Answered[]]>([
    ['for fewer', (all) => inOrder(all).slice(1)],
    ['for more', (all) => [...inOrder(all), { sid: randomUUID(), active: true }]],
    ['in another order', (all) => inOrder(all).reverse()],
    ['for others', (all) => all.map(() => ({ sid: randomUUID(), active: true }))],
  ])('are all refused when auth answers %s', async (_, wrong) => {
    answer = wrong;
    const refused = await outcomes(session(2), session(2));

    for (const one of refused)
      expect(one).toMatchObject({ reason: { code: 'gateway.session_check_unavailable', status: 503 } });
  });
});
