import { domainToUnicode } from 'node:url';
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
    const spellings = [...new Set([address, inUnicode(address)])];
    const lists = await Promise.all(
      spellings.map((spelling) => this.list(`?to.address=${encodeURIComponent(spelling)}`)),
    );
    const byId = new Map(lists.flat().map((mail) => [mail.id, read(mail)]));
    return [...byId.values()].sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
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

// The catcher shows the ASCII form of a domain (RFC 5890, `xn--`) in letters.
function inUnicode(address: string): string {
  const at = address.lastIndexOf('@');
  return address.slice(0, at + 1) + domainToUnicode(address.slice(at + 1));
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
