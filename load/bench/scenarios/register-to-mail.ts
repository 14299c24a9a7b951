import { distribution } from '../measure.ts';
import { type World, call, newPerson, poolOf } from '../people.ts';
import type { Row } from '../report.ts';

const perSecond = 20;

/** From the answer to a registration until the mail is offered to the SMTP server, at an even rate. */
export async function registerToMail({ gateway, smtp, seconds }: World): Promise<Row[]> {
  const offeredAt = new Map<string, number>();
  smtp.refuse = (step, argument) => {
    if (step === 'RCPT' && !offeredAt.has(argument)) offeredAt.set(argument, performance.now());
    return undefined;
  };
  const pool = poolOf(gateway, 8);
  const answeredAt = new Map<string, number>();
  const running: Promise<void>[] = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    const person = newPerson();
    running.push(
      call(pool, { method: 'POST', path: '/v1/auth/register', json: person, status: 202 }).then(() => {
        answeredAt.set(person.email, performance.now());
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1000 / perSecond));
  }
  await Promise.all(running);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await pool.close();
  const lags = [...answeredAt].flatMap(([email, at]) => {
    const offered = offeredAt.get(email);
    return offered === undefined ? [] : [Math.max(0, offered - at)];
  });
  const { p50, p99 } = distribution(lags);
  return [
    {
      what: `Registrations at ${perSecond}/s whose mail came within 2 s`,
      value: (100 * lags.length) / answeredAt.size,
      unit: '%',
    },
    { what: 'Registration answered → mail at the SMTP server p50', value: p50, unit: 'ms', goal: '< 100' },
    { what: 'Registration answered → mail at the SMTP server p99', value: p99, unit: 'ms', goal: '< 500' },
  ];
}
