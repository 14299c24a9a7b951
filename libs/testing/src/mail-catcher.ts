import { waitFor } from './wait-for.js';

export interface CaughtMail {
  id: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  messageId: string;
  headers: Record<string, string | string[]>;
  receivedAt: Date;
}

/** Reads what the mail catcher (`npm start` runs one) has received. */
export class MailCatcher {
  private readonly web: string;

  /** The address of its page, as in `.data/run.json` under `mail.web`. */
  constructor(web: string) {
    this.web = web.replace(/\/$/, '');
  }

  /** Mails whose envelope or To names this address, oldest first. */
  async mailsTo(address: string): Promise<CaughtMail[]> {
    const mails = await this.list(`?to.address=${encodeURIComponent(address)}`);
    return mails.map(read);
  }

  async all(): Promise<CaughtMail[]> {
    return (await this.list('')).map(read);
  }

  /** The first mail to this address that fits; waits up to 10 s for it. */
  waitForMail(
    address: string,
    fits: (mail: CaughtMail) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<CaughtMail> {
    const find = async () => (await this.mailsTo(address)).find(fits);
    return waitFor(find, { timeoutMs, intervalMs: 50, what: `a mail to ${address}` });
  }

  async clear(): Promise<void> {
    await fetch(`${this.web}/api/email/all`, { method: 'DELETE' });
  }

  private async list(query: string): Promise<StoredMail[]> {
    const response = await fetch(`${this.web}/api/email${query}`, { signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`the mail catcher answered ${response.status}`);
    return (await response.json()) as StoredMail[];
  }
}

/** The one-time token in the fragment of the first link of a mail. */
export function linkToken(mail: Pick<CaughtMail, 'text'>): string {
  const token = /https?:\/\/\S+#(?:\S*?token=)?([\w.-]+)/.exec(mail.text)?.[1];
  if (!token) throw new Error('the mail has no link with a token in its fragment');
  return token;
}

interface StoredMail {
  id: string;
  time: string;
  subject?: string;
  text?: string;
  html?: string;
  headers: Record<string, string | string[]>;
  envelope: { to: { address: string }[] };
}

function read(mail: StoredMail): CaughtMail {
  return {
    id: mail.id,
    to: mail.envelope.to.map(({ address }) => address),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    messageId: String(mail.headers['message-id'] ?? ''),
    headers: mail.headers,
    receivedAt: new Date(mail.time),
  };
}
