import { measure } from '../measure.ts';
import { type Session, type World, call, poolOf, signInOnce } from '../people.ts';
import { cpuSeconds } from '../processes.ts';
import type { Row } from '../report.ts';

const callers = 16;

/** Refresh with rotation; every caller turns a session of its own. */
export async function refresh({ gateway, people, platform, seconds }: World): Promise<Row[]> {
  const pool = poolOf(gateway, callers);
  const sessions: Session[] = [];
  for (const person of people.slice(0, callers)) sessions.push(await signInOnce(pool, person));
  const pid = platform.service('auth').pid ?? 0;
  let before = 0;
  const turn = async (caller: number) => {
    const { refreshToken } = sessions[caller] as Session;
    sessions[caller] = await call<Session>(pool, {
      method: 'POST',
      path: '/v1/auth/refresh',
      json: { refreshToken },
      status: 200,
    });
  };
  const result = await measure({ callers, seconds }, turn, () => (before = cpuSeconds(pid)));
  const cpuMs = ((cpuSeconds(pid) - before) * 1000) / result.count;
  await pool.close();
  return [
    {
      what: `Refresh with rotation, ${callers} callers`,
      value: result.perSecond,
      unit: '/s',
      goal: '≥ 3000',
    },
    { what: 'CPU of auth per refresh', value: cpuMs, unit: 'ms' },
    { what: 'Refresh p50', value: result.p50, unit: 'ms' },
    { what: 'Refresh p99', value: result.p99, unit: 'ms' },
  ];
}
