import type { OnApplicationShutdown } from '@nestjs/common';
import nodemailer from 'nodemailer';
import type { RenderedMail } from '../templates/render.js';

export interface SmtpOptions {
  url: string;
  connections: number;
  from: { name: string; address: string };
}

export interface OutgoingMail extends RenderedMail {
  /** One address, normalised. */
  to: string;
  /** With its angle brackets. */
  messageId: string;
  date: Date;
}

/** Hands mails to one SMTP server over a few connections that stay open. */
export class SmtpClient implements OnApplicationShutdown {
  private readonly transport;

  constructor(private readonly options: SmtpOptions) {
    this.transport = nodemailer.createTransport({
      url: options.url,
      pool: true,
      maxConnections: options.connections,
      maxMessages: 1_000,
      // Only what a dropped idle connection never began to send goes out over another one at once; the rest is ours.
      maxRequeues: 1,
      connectionTimeout: 5_000,
      greetingTimeout: 5_000,
      dnsTimeout: 5_000,
      socketTimeout: 15_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** Resolves when the server has accepted the mail. Rejects with nodemailer's error; judgeSmtpError reads it. */
  async send(mail: OutgoingMail, signal: AbortSignal): Promise<void> {
    const { from } = this.options;
    await this.transport.sendMail({
      from,
      // As objects and with an envelope of our own: nothing in an address is parsed as a second one.
      to: { name: '', address: mail.to },
      envelope: { from: from.address, to: [mail.to] },
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      messageId: mail.messageId,
      date: mail.date,
      // RFC 3834: nobody's holiday note answers us.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      signal,
    });
  }

  /** After the sender has stopped, which Nest asks earlier. */
  onApplicationShutdown(): void {
    this.transport.close();
  }
}
