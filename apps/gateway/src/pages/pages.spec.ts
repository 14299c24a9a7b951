import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createContext, Script } from 'node:vm';
import { type Gateway, type Harness, startHarness, untilReady } from '../testing/harness.js';
import { inlineHash } from './inline-hash.js';
import { pickLanguage } from './languages.js';

let harness: Harness;
let gateway: Gateway;
beforeAll(async () => {
  harness = await startHarness();
  gateway = await harness.start();
  await untilReady(gateway);
});
afterAll(() => harness.stop());

const page = (path: string, language = 'en') =>
  gateway.http.get<string>(path, { headers: { 'accept-language': language } });

describe.each(['/', '/verify'])('the page %s', (path) => {
  it('speaks English and German', async () => {
    const [english, german] = [await page(path), await page(path, 'de-AT,de;q=0.9,en;q=0.5')];

    expect(english.body).toContain('<html lang="en">');
    expect(german.body).toContain('<html lang="de">');
    expect(german.headers.get('content-language')).toBe('de');
    expect(german.headers.get('vary')).toContain('accept-language');
    expect(german.body).not.toBe(english.body);
  });

  it('asks no other host for anything, by its text and by its policy', async () => {
    const { body, headers } = await page(path);
    const policy = headers.get('content-security-policy') ?? '';

    expect(body).not.toMatch(/(src|href|action)="(https?:)?\/\//);
    expect(body).not.toMatch(/@import|url\(/);
    expect(policy).toMatch(/^default-src 'none'/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('runs the very style and script that its policy names', async () => {
    const { body, headers } = await page(path);
    const policy = headers.get('content-security-policy') ?? '';
    const inline = [...body.matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)];

    expect(inline.length).toBeGreaterThan(0);
    for (const [, text] of inline) expect(policy).toContain(`'${inlineHash(text ?? '')}'`);
  });
});

describe('the page of the verification mail', () => {
  it('has a label for each field and tells what happens to a screen reader', async () => {
    const { body } = await page('/verify');

    for (const [, id] of body.matchAll(/<input id="(\w+)"/g)) expect(body).toContain(`<label for="${id}">`);
    expect(body).toContain('role="status" aria-live="polite"');
  });

  it('does not let the form go without the password of the registration', async () => {
    const { body } = await page('/verify');

    expect(body).toMatch(/<input id="password" [^>]*\brequired\b/);
  });

  it('takes the token out of the address and sends it in a body, with the password', async () => {
    const browser = await openVerify('#token=vt_secret', () => ({ status: 204 }));
    browser.fields.password.value = 'correct horse';
    await browser.submit('verify');

    expect(browser.addresses).toEqual(['/verify']);
    expect(browser.calls).toEqual([
      ['/v1/auth/email/verify', { token: 'vt_secret', password: 'correct horse' }],
    ]);
    expect(browser.status.textContent).toContain('confirmed');
  });

  it('asks again for a password that does not fit', async () => {
    const browser = await openVerify('#token=vt_secret', () => ({
      status: 403,
      code: 'auth.password_mismatch',
    }));
    browser.fields.password.value = 'not mine';
    await browser.submit('verify');

    expect(browser.calls).toEqual([['/v1/auth/email/verify', { token: 'vt_secret', password: 'not mine' }]]);
    expect(browser.status.textContent).toContain('password');
    expect(browser.forms.verify.hidden).toBe(false);
  });

  it('offers a new mail where the link is spent', async () => {
    const browser = await openVerify('#token=vt_old', (path) => ({
      status: path.endsWith('resend') ? 202 : 400,
      code: 'auth.token_invalid',
    }));
    await browser.submit('verify');
    expect(browser.forms.resend.hidden).toBe(false);

    browser.fields.email.value = 'a@example.com';
    await browser.submit('resend');

    expect(browser.calls[1]).toEqual(['/v1/auth/email/verify/resend', { email: 'a@example.com' }]);
    expect(browser.status.textContent).toContain('on its way');
  });

  it('says so when the link has no token', async () => {
    const browser = await openVerify('', () => ({ status: 500 }));

    expect(browser.status.textContent).toContain('not complete');
  });
});

it.each([
  [undefined, 'en'],
  ['', 'en'],
  ['fr', 'en'],
  ['de', 'de'],
  ['fr, de;q=0.8, en;q=0.7', 'de'],
  ['de;q=0, en', 'en'],
  ['en;q=0.2, de-CH;q=0.3', 'de'],
  [';;;,,q=', 'en'],
] as const)('Accept-Language %s means %s', (header, language) => {
  expect(pickLanguage(header)).toBe(language);
});

interface Field {
  value: string;
  hidden: boolean;
  [more: string]: unknown;
}

/** As much of a browser as the page's script touches. */
async function openVerify(hash: string, answer: (path: string) => { status: number; code?: string }) {
  const { body } = await page('/verify');
  const script = /<script>([\s\S]*?)<\/script>/.exec(body)?.[1] ?? '';
  const messages = /data-messages="([^"]*)"/
    .exec(body)?.[1]
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");
  const listeners: Record<string, (event: object) => Promise<void>> = {};
  const calls: [string, unknown][] = [];
  const addresses: string[] = [];
  const status = { textContent: '', className: '' };
  const field = (): Field => ({ value: '', hidden: false, focus: () => undefined, select: () => undefined });
  const fields = { password: field(), email: field() };
  const form = (name: string, elements: object, hidden: boolean) => ({
    hidden,
    elements,
    dataset: { messages },
    querySelector: () => ({ disabled: false }),
    addEventListener: (_: string, listener: (event: object) => Promise<void>) => (listeners[name] = listener),
  });
  const forms = {
    verify: form('verify', { password: fields.password }, false),
    resend: form('resend', { email: fields.email }, true),
  };
  const context = createContext({
    URLSearchParams,
    JSON,
    location: { hash, pathname: '/verify' },
    history: { replaceState: (_state: null, _title: string, path: string) => addresses.push(path) },
    document: { getElementById: (id: keyof typeof forms) => forms[id], querySelector: () => status },
    fetch: async (path: string, init: { body: string }) => {
      calls.push([path, JSON.parse(init.body)]);
      const { status: code, ...rest } = answer(path);
      return { status: code, ok: code < 400, json: async () => rest };
    },
  });
  new Script(script).runInContext(context);
  const submit = (name: keyof typeof forms) => listeners[name]?.({ preventDefault: () => undefined });
  return { calls, addresses, status, fields, forms, submit };
}
