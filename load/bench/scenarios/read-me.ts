import { measure } from '../measure.ts';
import { type Session, type World, call, poolOf, signInOnce } from '../people.ts';
import { cpuSeconds } from '../processes.ts';
import type { Row } from '../report.ts';

const callers = 32;

/** The own profile with a token, and what a request costs the gateway and the profile service. */
export async function readMe({ gateway, people, platform, seconds }: World): Promise<Row[]> {
  const pool = poolOf(gateway, callers);
  const sessions: Session[] = [];
  for (const person of people.slice(0, callers)) sessions.push(await signInOnce(pool, person));
  const pids = {
    gateway: platform.service('gateway').pid ?? 0,
    profile: platform.service('profile').pid ?? 0,
  };
  let before = { gateway: 0, profile: 0 };
  const result = await measure(
    { callers, seconds },
    (caller) =>
      call(pool, {
        method: 'GET',
        path: '/v1/users/me',
        token: sessions[caller]?.accessToken ?? '',
        status: 200,
      }),
    () => (before = { gateway: cpuSeconds(pids.gateway), profile: cpuSeconds(pids.profile) }),
  );
  const cost = (name: 'gateway' | 'profile') =>
    ((cpuSeconds(pids[name]) - before[name]) * 1000) / result.count;
  await pool.close();
  return [
    { what: `Read me, ${callers} callers`, value: result.perSecond, unit: '/s', goal: '≥ 4000 uncached' },
    { what: 'Read me p50', value: result.p50, unit: 'ms' },
    { what: 'Read me p99', value: result.p99, unit: 'ms', goal: '< 10 cached' },
    { what: 'CPU of the gateway per read', value: cost('gateway'), unit: 'ms', goal: '< 0.5' },
    { what: 'CPU of the profile service per read', value: cost('profile'), unit: 'ms' },
  ];
}
