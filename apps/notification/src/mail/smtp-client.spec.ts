import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SmtpSink } from '@nest-arch/testing';
import { SmtpClient, type OutgoingMail } from './smtp-client.js';
import { UnacknowledgedError } from './smtp-errors.js';

const mail: OutgoingMail = {
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hello',
  // More than fits into the buffers between the body and the socket.
  html: `<p>${'Hello. '.repeat(100_000)}</p>`,
  messageId: '<1@example.com>',
  date: new Date(),
};
const never = new AbortController().signal;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let sink: SmtpSink;
let client: SmtpClient;

beforeEach(async () => {
  sink = await new SmtpSink().start();
  client = new SmtpClient({
    url: sink.url,
    connections: 1,
    from: { name: '', address: 'no-reply@example.com' },
    limits: { writeMs: 500, acknowledgeMs: 1_500 },
  });
});

afterEach(async () => {
  client.onApplicationShutdown();
  await sink.stop();
});

function slowAt(slow: string, ms: number): void {
  sink.refuse = async (step) => {
    if (step === slow) await pause(ms);
    return undefined;
  };
}

describe('a server that has the whole mail', () => {
  it('has longer to acknowledge it than all the rest may take', async () => {
    slowAt('accepted', 1_000);
    await expect(client.send(mail, never)).resolves.toBeUndefined();
    expect(sink.mails).toHaveLength(1);
  });

  it('and does not answer in that time may have taken it', async () => {
    slowAt('accepted', 2_000);
    await expect(client.send(mail, never)).rejects.toThrow(UnacknowledgedError);
  });

  it('and hangs up may have taken it', async () => {
    sink.refuse = (step) => (step === 'accepted' ? 'hang up' : undefined);
    await expect(client.send(mail, never)).rejects.toThrow(UnacknowledgedError);
  });

  it('and refuses it has answered', async () => {
    sink.refuse = (step) => (step === 'accepted' ? '452 4.3.1 no room' : undefined);
    await expect(client.send(mail, never)).rejects.toMatchObject({ responseCode: 452 });
  });
});

describe('before that', () => {
  it.each(['connect', 'MAIL', 'DATA'])(
    'a server that is slow at %s is left, and has no mail',
    async (step) => {
      slowAt(step, 1_000);
      const failure = await client.send(mail, never).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'EABORT' });
      expect(failure).not.toBeInstanceOf(UnacknowledgedError);
      expect(sink.mails).toHaveLength(0);
    },
  );

  it.each(['MAIL', 'DATA'])('a server that hangs up at %s has no mail', async (at) => {
    sink.refuse = (step) => (step === at ? 'hang up' : undefined);
    await expect(client.send(mail, never)).rejects.not.toBeInstanceOf(UnacknowledgedError);
  });
});
