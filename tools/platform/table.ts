import { bold, dim } from '../bootstrap/progress.mjs';
import { databaseOwners } from './services.ts';
import type { RunFile } from './run-file.ts';

/** What runs where, and what to try next. */
export function table(run: RunFile): string {
  const rows: [string, string, string][] = [
    ['Gateway', run.gateway, 'the API; the services are reached through it alone'],
    ['Docs', `${run.gateway}/docs`, 'browse the API and try it'],
    [
      'Mails',
      run.mail.web ?? run.mail.smtp,
      run.mail.web ? 'what the platform has sent, caught here' : 'your SMTP server',
    ],
    ...databaseOwners.map((name): [string, string, string] => [
      name,
      run.services[name],
      `log: ${run.logs}/${name}.log`,
    ]),
    ['Postgres', run.postgres, 'one database and one role per service'],
    ['Kafka', run.kafka, ''],
    ['Redis', run.redis, ''],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(
    ([name, address, note]) =>
      `  ${bold(name.padEnd(widths[0] ?? 0))}  ${address.padEnd(widths[1] ?? 0)}  ${dim(note)}`,
  );
  return `\n${lines.map((line) => line.trimEnd()).join('\n')}\n\n${next(run)}`;
}

function next({ gateway }: RunFile): string {
  return [
    `  Try next:  ${bold('npm run demo')}   ${dim('in another terminal: registers people and shows what follows')}`,
    `       or:   curl -i ${gateway}/v1/auth/register -H 'content-type: application/json' \\`,
    `               -d '{"email":"ada@example.com","password":"a long passphrase","displayName":"Ada"}'`,
    dim('  Ctrl-C stops everything.'),
  ].join('\n');
}
