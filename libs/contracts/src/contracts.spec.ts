import { describe, expect, it } from '@jest/globals';
import {
  defineEvent,
  eventByType,
  events,
  normaliseEmailAddress,
  profilePatch,
  registerBody,
  subscriptions,
  topics,
} from './index.js';
import { z } from 'zod';

describe('event contracts', () => {
  it.each(events.map((event) => [event.type, event] as const))(
    '%s has a fixture that fits',
    (_type, event) => {
      expect(event.schema.parse(event.fixture)).toEqual(event.fixture);
      expect(eventByType(event.type)).toBe(event);
    },
  );

  it.each(events.map((event) => [event.type, event] as const))(
    '%s refuses an undeclared field from producers and ignores it for consumers',
    (_type, event) => {
      const newer = { ...(event.fixture as object), addedLater: 1 };
      expect(event.schema.safeParse(newer).success).toBe(false);
      expect(event.readSchema.parse(newer)).toEqual(event.fixture);
    },
  );

  it('lets no address, name or token into an event topic', () => {
    const personal = /email$|name$|token|password|address/i;
    const fields = events
      .filter((event) => event.kind === 'event')
      .flatMap((event) => Object.keys((z.toJSONSchema(event.schema) as { properties: object }).properties));
    expect(fields.filter((field) => personal.test(field))).toEqual([]);
  });

  it('refuses a name that is not a wire name', () => {
    const wrong = { topic: topics.userEvents, summary: '', data: {}, fixture: {} };
    expect(() => defineEvent({ ...wrong, type: 'UserCreatedEvent' })).toThrow('wire name');
  });

  it('closes the segments of short-lived topics well within their retention', () => {
    for (const { configs } of Object.values(topics)) {
      if (configs['cleanup.policy'] !== 'delete') continue;
      expect(Number(configs['segment.ms'])).toBeLessThanOrEqual(Number(configs['retention.ms']) / 4);
    }
  });

  it('names only known topics as subscriptions', () => {
    const known = new Set(Object.values(topics).map((topic) => topic.name));
    for (const topic of Object.values(subscriptions).flat()) expect(known).toContain(topic.name);
  });
});

describe('an e-mail address', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    ['  ada@example.com ', 'ada@example.com'],
    ['user@münchen.de', 'user@xn--mnchen-3ya.de'],
    ['ada+shop@x.co', 'ada+shop@x.co'],
    ['a.b.c@x.co', 'a.b.c@x.co'],
    ['e\u0301ric@x.co', '\u00e9ric@x.co'],
    ["o'neil@x.co", "o'neil@x.co"],
  ])('%s is kept as %s', (given, kept) => {
    expect(normaliseEmailAddress(given)).toBe(kept);
    expect(normaliseEmailAddress(kept)).toBe(kept);
  });

  it.each([
    '',
    'ada',
    '@x.co',
    'ada@',
    'ada@localhost',
    'ada@127.0.0.1',
    'ada@[127.0.0.1]',
    'a b@x.co',
    'a\r\nBcc: eve@x.co@x.co',
    'a\u0000@x.co',
    'ada@x.co/path',
    'ada@x.co:25',
    'ada@eve@x.co',
    '.ada@x.co',
    'ada..b@x.co',
    '"quoted"@x.co',
    'ada@-x.co',
    `${'a'.repeat(65)}@x.co`,
    `ada@${'x'.repeat(64)}.co`,
    `ada@${'xyz.'.repeat(70)}co`,
  ])('%j is refused', (given) => {
    expect(normaliseEmailAddress(given)).toBeNull();
  });
});

describe('request bodies', () => {
  const body = { email: 'ada@example.com', password: 'correct horse battery' };

  it.each(['\u0000', 'a\u0000b', '\u202e\u0007', ' ', '', 'x'.repeat(81), '\ud800'])(
    'refuse %j as a name',
    (displayName) => {
      expect(registerBody.safeParse({ ...body, displayName }).success).toBe(false);
    },
  );

  it('keep names of any script and trim them', () => {
    expect(registerBody.parse({ ...body, displayName: ' 田中 さくら ' }).displayName).toBe('田中 さくら');
  });

  it.each(['xx-yy-zz-qq-!', '*', 'e'])('refuse %j as a locale', (locale) => {
    expect(registerBody.safeParse({ ...body, locale }).success).toBe(false);
  });

  it('canonicalise a locale', () => {
    expect(registerBody.parse({ ...body, locale: 'pt-br' }).locale).toBe('pt-BR');
  });

  it('refuse a patch that changes nothing or names the wrong time zone', () => {
    expect(profilePatch.safeParse({}).success).toBe(false);
    expect(profilePatch.safeParse({ timeZone: 'Mars/Olympus' }).success).toBe(false);
    expect(profilePatch.safeParse({ timeZone: 'Europe/Berlin', bio: null }).success).toBe(true);
  });
});
