import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

const local = { PORT: '3003', DATABASE_URL: 'postgres://n@localhost/n' };
const key = { kid: 'k1', kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' };
const production = {
  ...local,
  NODE_ENV: 'production',
  INTERNAL_API_TOKEN: 'a-secret-of-this-installation-000000',
  CHALLENGE_DECRYPTION_JWKS: JSON.stringify({ keys: [key] }),
  MAIL_FROM: '"Example, Inc." <no-reply@example.com>',
  APP_LINK_BASE_URL: 'https://app.example.com',
};

describe('the configuration', () => {
  it('runs locally with its defaults', () => {
    expect(readConfig(local)).toMatchObject({ MAIL_FROM: { domain: 'localhost' }, SMTP_CONNECTIONS: 5 });
  });

  it('takes apart who mails are from', () => {
    const { MAIL_FROM } = readConfig(production);
    expect(MAIL_FROM).toEqual({
      name: 'Example, Inc.',
      address: 'no-reply@example.com',
      domain: 'example.com',
    });
  });

  it.each([
    ['INTERNAL_API_TOKEN', undefined],
    ['CHALLENGE_DECRYPTION_JWKS', undefined],
    ['MAIL_FROM', undefined],
    ['APP_LINK_BASE_URL', 'http://app.example.com'],
  ])('in production stops the boot for an unsafe %s', (name, value) => {
    expect(() => readConfig({ ...production, [name]: value })).toThrow(name);
  });

  it.each([
    ['MAIL_FROM', 'a@example.com\r\nBcc: b@example.com'],
    ['MAIL_FROM', 'nobody'],
    ['SMTP_URL', 'http://mail'],
    ['CHALLENGE_DECRYPTION_JWKS', '{"keys":[{"kid":"k","kty":"EC","crv":"P-256"}]}'],
    ['CHALLENGE_DECRYPTION_JWKS', 'sesame-open'],
  ])('names the wrong %s, and not what it holds', (name, value) => {
    expect(() => readConfig({ ...production, [name]: value })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(value) }),
    );
    expect(() => readConfig({ ...production, [name]: value })).toThrow(name);
  });
});
