import type { OnApplicationShutdown } from '@nestjs/common';
import nodemailer from 'nodemailer';
import type { RenderedMail } from '../templates/render.js';
import { HandOver, type HandOverLimits } from './hand-over.js';
import { UnacknowledgedError } from './smtp-errors.js';

export interface SmtpOptions {
  url: string;
  connections: number;
  from: { name: string; address: string };
  limits?: HandOverLimits;
}

export interface OutgoingMail extends RenderedMail {
  /** One address, normalised. */
  to: string;
  /** With its angle brackets. */
  messageId: string;
  date: Date;
}

// RFC 5321 section 4.5.3.2.6: whoever gives up on the answer to the final dot too early sends the mail again and again.
const defaultLimits: HandOverLimits = { writeMs: 60_000, acknowledgeMs: 600_000 };

/** Hands mails to one SMTP server over a few connections that stay open. */
export class SmtpClient implements OnApplicationShutdown {
  private readonly transport;
  private readonly limits: HandOverLimits;

  constructor(private readonly options: SmtpOptions) {
    this.limits = options.limits ?? defaultLimits;
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
      // Silence may last as long as the longest wait; the shorter ones are the hand-over's.
      socketTimeout: this.limits.acknowledgeMs,
      idleTimeout: 15_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    this.transport.use('stream', ({ data, message }, done) => {
      const { handOver } = data as { handOver?: HandOver };
      message.processFunc((body) => handOver?.watch(body) ?? body);
      done();
    });
  }

  /**
   * Resolves when the server has accepted the mail. Rejects with UnacknowledgedError when it may have, else with
   * nodemailer's error; judgeSmtpError reads both.
   */
  async send(mail: OutgoingMail, signal: AbortSignal): Promise<void> {
    const handOver = new HandOver(this.limits);
    const deadline = AbortSignal.any([signal, handOver.signal]);
    // A name: nodemailer's type of a literal knows no field of ours.
    const message = { ...this.messageOf(mail), handOver, signal: deadline };
    try {
      await this.transport.sendMail(message);
    } catch (error) {
      const answered = typeof (error as { responseCode?: unknown }).responseCode === 'number';
      throw handOver.written && !answered ? new UnacknowledgedError(error) : error;
    } finally {
      handOver.end();
    }
  }

  private messageOf(mail: OutgoingMail) {
    const { from } = this.options;
    return {
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
    };
  }

  /** After the sender has stopped, which Nest asks earlier. */
  onApplicationShutdown(): void {
    this.transport.close();
  }
}
