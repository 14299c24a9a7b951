import { hash } from '@node-rs/argon2';
import { measure } from '../measure.ts';
import { type World, poolOf, signInOnce } from '../people.ts';
import { cpuSeconds } from '../processes.ts';
import type { Row } from '../report.ts';

const callers = 8;

/** Password sign-in, beside the rate of bare hashes of the same parameters measured just before. */
export async function signIn({ gateway, people, platform, seconds }: World): Promise<Row[]> {
  // Argon2id (2), 19 MiB, two passes: what the platform uses.
  const bare = await measure({ callers: 4, seconds: 4 }, () =>
    hash('a passphrase for measuring', { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 }),
  );
  const pool = poolOf(gateway, callers);
  const pid = platform.service('auth').pid ?? 0;
  let before = 0;
  const signed = await measure(
    { callers, seconds },
    (caller) => {
      const person = people[(caller + Math.floor(Math.random() * 8) * callers) % people.length];
      return signInOnce(pool, person ?? { email: '', password: '' });
    },
    () => (before = cpuSeconds(pid)),
  );
  const cpuMs = ((cpuSeconds(pid) - before) * 1000) / signed.count;
  await pool.close();
  return [
    { what: 'Argon2id alone, both cores', value: bare.perSecond, unit: '/s' },
    { what: `Password sign-in, ${callers} callers`, value: signed.perSecond, unit: '/s' },
    { what: 'Password sign-in p50', value: signed.p50, unit: 'ms' },
    { what: 'Password sign-in p99', value: signed.p99, unit: 'ms' },
    { what: 'CPU of auth per sign-in, its hash included', value: cpuMs, unit: 'ms' },
    {
      what: 'Sign-ins per bare hash',
      value: (100 * signed.perSecond) / bare.perSecond,
      unit: '%',
      goal: '≥ 85',
    },
  ];
}
