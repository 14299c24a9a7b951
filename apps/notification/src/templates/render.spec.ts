import { describe, expect, it } from '@jest/globals';
import { templates } from './catalogue.js';
import { languages, pickLanguage } from './languages.js';
import { renderInboxItem, renderMail } from './render.js';

const values = { product: 'Example', name: 'Ada Lovelace', hours: 24 };
const url = 'https://example.com/verify#token=vt_abc-DEF_123';

const mails = templates
  .filter(({ mail }) => mail)
  .flatMap(({ type }) => languages.map((language) => ({ type, language })));
const items = templates
  .filter(({ inbox }) => inbox)
  .flatMap(({ type }) => languages.map((language) => ({ type, language })));

const hostile = {
  'an element': '<img src=x onerror=alert(1)>',
  'a header': 'Ada\r\nBcc: victim@example.com',
  'an override of the direction': '\u202Egnp.exe',
  'a placeholder': '{name} {0} {',
  'very long': 'x'.repeat(10_000),
  'the end of an attribute': `"><script>alert('1')</script>`,
};

describe.each(mails)('the mail $type in $language', ({ type, language }) => {
  it('fills every text', () => {
    const mail = renderMail({ type, language, values, url });
    expect(mail?.subject).toContain('Example');
    for (const part of [mail?.subject, mail?.text, mail?.html?.replace(/<style>.*<\/style>/s, '')]) {
      expect(part).not.toMatch(/[{}]|undefined|\bnull\b/);
    }
  });

  it.each(Object.entries(hostile))('stays as it is built when the name is %s', (_case, name) => {
    const mail = renderMail({ type, language, values: { ...values, name, product: 'A & <B>' }, url });
    expect(mail?.subject).not.toMatch(/[\r\n\u202e]/);
    expect(mail?.text).not.toMatch(/\r|^Bcc:|\u202e|x{100}/m);
    const tags = (html = '') => html.match(/<\/?[a-z1-9]+/g);
    expect(tags(mail?.html)).toEqual(tags(renderMail({ type, language, values, url })?.html));
    expect(mail?.html).not.toMatch(/<img|<script|<B>|\u202e/);
  });

  it('loads nothing from elsewhere', () => {
    const html = renderMail({ type, language, values })?.html ?? '';
    expect(html).not.toMatch(/https?:|src=|url\(|@import|<link/);
    expect(html).toContain('prefers-color-scheme: dark');
  });
});

describe.each(items)('the item $type in $language', ({ type, language }) => {
  it('fills every text', () => {
    const { title, body } = renderInboxItem(type, language, values);
    expect(title + body).not.toMatch(/[{}]|undefined/);
    expect(title).not.toBe(type);
  });
});

describe('a mail', () => {
  it('has the link in text and HTML', () => {
    const mail = renderMail({ type: 'account.email_verification', language: 'en', values, url });
    expect(mail?.text).toContain(`\n${url}\n`);
    expect(mail?.html).toContain(`href="${url}"`);
  });

  it('greets by name where there is one', () => {
    const welcome = (name: string | null) =>
      renderMail({ type: 'account.welcome', language: 'de', values: { ...values, name } })?.text;
    expect(welcome('Ada')).toContain('Willkommen, Ada!');
    expect(welcome(null)).toContain('Willkommen!');
    expect(welcome('דנה')).toContain('Willkommen, \u2068דנה\u2069!');
  });

  it('does not let a registrant write to the stranger whose address they entered', () => {
    for (const type of ['account.email_verification', 'account.address_taken']) {
      const mail = renderMail({ type, language: 'en', values: { ...values, name: 'You won a prize' }, url });
      expect(mail?.text).not.toContain('prize');
    }
  });

  it('says plurals as the language does', () => {
    const after = (hours: number, language: 'en' | 'de') =>
      renderMail({ type: 'account.email_verification', language, values: { ...values, hours }, url })?.text;
    expect(after(1, 'en')).toContain('within the next hour.');
    expect(after(24, 'de')).toContain('der nächsten 24 Stunden.');
  });

  it('is null for a type that this release does not have', () => {
    expect(renderMail({ type: 'account.unknown', language: 'en', values })).toBeNull();
  });
});

describe('the language', () => {
  it.each([
    [['de-AT', 'en'], 'de'],
    [[null, 'DE'], 'de'],
    [['fr-FR', 'de'], 'de'],
    [['fr', undefined], 'en'],
    [[], 'en'],
  ])('of %j is %s', (candidates, expected) => {
    expect(pickLanguage(...candidates)).toBe(expected);
  });
});
