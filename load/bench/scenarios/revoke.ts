import { distribution } from '../measure.ts';
import { type World, call, poolOf, signInOnce } from '../people.ts';
import type { Row } from '../report.ts';

const rounds = 40;

/** From the answer to a sign-out until the gateway refuses the access token. */
export async function revoke({ gateway, people }: World): Promise<Row[]> {
  const pool = poolOf(gateway, 2);
  const lags: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { accessToken } = await signInOnce(
      pool,
      people[round % people.length] ?? { email: '', password: '' },
    );
    const token = { token: accessToken };
    await call(pool, { method: 'GET', path: '/v1/users/me', ...token, status: 200 });
    await call(pool, {
      method: 'POST',
      path: '/v1/auth/logout',
      ...token,
      status: 204,
    });
    const from = performance.now();
    const isRefused = () =>
      call(pool, { method: 'GET', path: '/v1/users/me', ...token, status: 401 }).then(
        () => true,
        () => false,
      );
    while (!(await isRefused())) {
      if (performance.now() - from > 5_000) throw new Error('a signed-out token still works after 5 s');
    }
    lags.push(performance.now() - from);
  }
  await pool.close();
  const { p50, p99 } = distribution(lags);
  return [
    { what: `Signed out → refused at the gateway p50, ${rounds} times`, value: p50, unit: 'ms' },
    { what: 'Signed out → refused at the gateway p99', value: p99, unit: 'ms', goal: '< 250' },
  ];
}
