import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import nodemailer from 'nodemailer';
import { MailCatcher } from './mail-catcher.js';
import { waitFor } from './wait-for.js';

let server: ChildProcess;
let mails: MailCatcher;
let smtpUrl: string;

beforeAll(async () => {
  const [smtp, web] = [await freePort(), await freePort()];
  const main = join(import.meta.dirname, '../../../node_modules/maildev/dist/bin/maildev.js');
  const ports = ['--smtp', String(smtp), '--ip', '127.0.0.1', '--web', String(web), '--web-ip', '127.0.0.1'];
  server = spawn(process.execPath, [main, '--silent', ...ports], { stdio: 'ignore' });
  smtpUrl = `smtp://127.0.0.1:${smtp}`;
  mails = new MailCatcher(`http://127.0.0.1:${web}`);
  await waitFor(() => mails.all().then(Boolean, () => false), { what: 'the mail catcher to answer' });
});
afterAll(() => void server.kill());

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

it('finds the mails to an address, oldest first, in whichever form its domain is written', async () => {
  const transport = nodemailer.createTransport(smtpUrl);
  const send = (to: string, subject: string) =>
    transport.sendMail({ from: 'a@example.com', to, subject, text: 'x' });
  await send('ada@xn--bcher-kva.example', 'first');
  await send('ada@bücher.example', 'second');
  await send('eve@example.com', 'other');
  await waitFor(async () => (await mails.all()).length === 3);

  for (const address of ['ada@xn--bcher-kva.example', 'ada@bücher.example'])
    expect((await mails.mailsTo(address)).map(({ subject }) => subject)).toEqual(['first', 'second']);
  expect((await mails.mailsTo('eve@example.com')).map(({ subject }) => subject)).toEqual(['other']);
});
