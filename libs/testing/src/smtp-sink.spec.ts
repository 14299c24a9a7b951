import { afterAll, beforeAll, expect, it } from '@jest/globals';
import nodemailer from 'nodemailer';
import { SmtpSink } from './smtp-sink.js';

const sink = new SmtpSink();
beforeAll(() => sink.start());
afterAll(() => sink.stop());

const mail = {
  from: 'a@example.com',
  to: 'иван@example.com',
  subject: 'Grüße',
  text: 'first\n.hidden dot\n',
};

it('keeps what it was sent, read as a mail', async () => {
  await nodemailer.createTransport(sink.url).sendMail(mail);

  expect(sink.mails.at(-1)).toMatchObject({ to: ['иван@example.com'] });
  expect(sink.mails.at(-1)?.parsed).toMatchObject({ subject: 'Grüße', text: 'first\n.hidden dot\n' });
});

it('refuses when told', async () => {
  sink.refuse = (step) => (step === 'RCPT' ? '550 no such user' : undefined);

  await expect(nodemailer.createTransport(sink.url).sendMail(mail)).rejects.toMatchObject({
    responseCode: 550,
  });
});
