import { describe, expect, it } from '@jest/globals';
import { judgeSmtpError, retryDelayMs } from './smtp-errors.js';

describe('a refusal of the mail server', () => {
  it.each([
    [
      { code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' },
      { kind: 'failed', reason: 'smtp_550' },
    ],
    [
      { code: 'EMESSAGE', responseCode: 554, command: 'DATA' },
      { kind: 'failed', reason: 'smtp_554' },
    ],
    [
      { code: 'EENVELOPE', responseCode: 451, command: 'RCPT TO' },
      { kind: 'retry', reason: 'smtp_451' },
    ],
    [
      { code: 'EAUTH', responseCode: 535, command: 'AUTH PLAIN' },
      { kind: 'retry', reason: 'smtp_535' },
    ],
    [
      { code: 'EPROTOCOL', responseCode: 554, command: 'CONN' },
      { kind: 'retry', reason: 'smtp_554' },
    ],
    [
      { code: 'ETIMEDOUT', command: 'CONN' },
      { kind: 'retry', reason: 'smtp_etimedout' },
    ],
    [new Error('something'), { kind: 'retry', reason: 'smtp_error' }],
  ])('%j is %j', (error, verdict) => {
    expect(judgeSmtpError(error)).toEqual(verdict);
  });
});

describe('the next try', () => {
  it('comes after a growing, bounded delay', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 50].map((attempts) => retryDelayMs(attempts, () => 0.5));
    expect(delays).toEqual([1_000, 3_000, 9_000, 27_000, 81_000, 243_000, 300_000, 300_000]);
  });

  it('is spread by a fifth to both sides', () => {
    expect([retryDelayMs(1, () => 0), retryDelayMs(1, () => 1)]).toEqual([800, 1_200]);
  });
});
