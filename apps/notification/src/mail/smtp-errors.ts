/** `retry`: the same mail may go through later. `failed`: the server will not take this mail. */
export interface SmtpVerdict {
  kind: 'retry' | 'failed';
  /** `smtp_451`, `smtp_etimedout`: never the server's own words, which quote the address. */
  reason: string;
  /** The server may have the mail: another try may be the second copy. */
  unacknowledged?: true;
}

/** The connection broke, or patience ended, after the whole mail was written and before the server answered. */
export class UnacknowledgedError extends Error {
  override readonly name = 'UnacknowledgedError';
  constructor(cause: unknown) {
    super('The server has not said whether it took the mail', { cause });
  }
}

interface SmtpError {
  code?: unknown;
  responseCode?: unknown;
  command?: unknown;
}

// An answer to these is about this mail; before them (greeting, TLS, login) a refusal is about us, and passes.
const mailCommands = /^(MAIL FROM|RCPT TO|DATA)/;

/** What a failed hand-over means, RFC 5321 section 4.2.1: 5yz is for ever, 4yz and a broken connection are not. */
export function judgeSmtpError(error: unknown): SmtpVerdict {
  if (error instanceof UnacknowledgedError)
    return { kind: 'retry', reason: 'smtp_unacknowledged', unacknowledged: true };
  const { code, responseCode, command } = (error ?? {}) as SmtpError;
  const status = typeof responseCode === 'number' ? responseCode : 0;
  const name = status > 0 ? String(status) : typeof code === 'string' ? code : 'error';
  const aboutMail = typeof command === 'string' && mailCommands.test(command);
  const kind = status >= 500 && aboutMail ? 'failed' : 'retry';
  return { kind, reason: `smtp_${name.toLowerCase()}` };
}

const firstMs = 1_000;
const longestMs = 300_000;

/**
 * Milliseconds until the next try after `attempts` tries: 1 s, 3 s, 9 s … at most 5 min, ± 20 % so that what failed
 * together does not come back together.
 */
export function retryDelayMs(attempts: number, random: () => number = Math.random): number {
  const base = Math.min(longestMs, firstMs * 3 ** Math.min(attempts - 1, 10));
  return Math.round(base * (0.8 + random() * 0.4));
}
