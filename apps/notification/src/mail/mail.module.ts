import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Db } from '@nest-arch/database';
import { Clock } from '@nest-arch/platform';
import type { Config } from '../config.js';
import { MessagesModule } from '../messages/messages.module.js';
import { Messages } from '../messages/messages.service.js';
import { ChallengeKeys } from './challenge-keys.js';
import { ChallengesConsumer } from './challenges.consumer.js';
import { DeliveryRunner } from './delivery-runner.js';
import { MailQueue } from './mail-queue.js';
import { MailSender, type SenderOptions } from './mail-sender.js';
import { MailSignal } from './mail-signal.js';
import { MailWriter } from './mail-writer.js';
import { SmtpClient } from './smtp-client.js';

/** Mails: queued with what causes them, sent over SMTP. */
@Module({})
export class MailModule {
  static forRoot(config: Readonly<Config>, { background }: { background: boolean }): DynamicModule {
    const linkBaseUrl = config.APP_LINK_BASE_URL.replace(/\/+$/, '');
    const wording = { product: config.PRODUCT_NAME, linkBaseUrl };
    // Twice the connections: while one mail is being recorded, its connection has the next.
    const sending = { concurrency: config.SMTP_CONNECTIONS * 2 };
    return {
      module: MailModule,
      imports: [MessagesModule],
      controllers: [ChallengesConsumer],
      providers: [
        MailSignal,
        DeliveryRunner,
        {
          provide: ChallengeKeys,
          useFactory: () => new ChallengeKeys(config.CHALLENGE_DECRYPTION_JWKS.keys),
        },
        { provide: SmtpClient, useFactory: () => smtpClient(config) },
        {
          provide: MailQueue,
          inject: [Messages, MailSignal, Clock],
          useFactory: (messages: Messages, signal: MailSignal, clock: Clock) =>
            new MailQueue(messages, signal, clock, config.MAIL_FROM.domain),
        },
        {
          provide: MailWriter,
          inject: [Db, ChallengeKeys, Clock],
          useFactory: (db: Db, keys: ChallengeKeys, clock: Clock) => new MailWriter(db, keys, clock, wording),
        },
        ...(background ? [mailSender(sending)] : []),
      ],
      exports: [MailQueue, MailSignal],
    };
  }
}

function mailSender(options: SenderOptions): Provider {
  return {
    provide: MailSender,
    inject: [Db, MailSignal, DeliveryRunner],
    useFactory: (db: Db, signal: MailSignal, runner: DeliveryRunner) =>
      new MailSender(db, signal, runner, options),
  };
}

function smtpClient(config: Readonly<Config>): SmtpClient {
  return new SmtpClient({
    url: config.SMTP_URL,
    connections: config.SMTP_CONNECTIONS,
    from: config.MAIL_FROM,
  });
}
