import type { DemoPerson } from './people.ts';

export const stages = [
  'registered',
  'mail',
  'verified',
  'signed in',
  'profile',
  'welcome',
  'live message',
] as const;
export type Stage = (typeof stages)[number];

export interface Journey {
  /** Milliseconds from the request to register until the stage was seen from outside. */
  at: Record<Stage, number>;
}

interface Places {
  gateway: string;
  mailWeb: string;
}

/** Takes one person from the registration to a live message, through the public API and the mail they get. */
export async function journey(person: DemoPerson, places: Places): Promise<Journey> {
  const startedAt = performance.now();
  const at = {} as Record<Stage, number>;
  const reached = (stage: Stage) => (at[stage] = performance.now() - startedAt);
  const { email, password, displayName, locale } = person;

  await call(places, 'POST', '/v1/auth/register', { json: { email, password, displayName, locale } });
  reached('registered');
  const token = await until('the verification mail', () => verificationToken(places, email));
  reached('mail');
  await call(places, 'POST', '/v1/auth/email/verify', { json: { token, password } });
  reached('verified');
  const session = await call<{ accessToken: string }>(places, 'POST', '/v1/auth/login', {
    json: { email, password },
  });
  reached('signed in');
  await readProfile(places, session.accessToken, displayName);
  reached('profile');
  const item = await until('the welcome message', () => firstMessage(places, session.accessToken));
  reached('welcome');
  await liveMark(places, session.accessToken, item);
  reached('live message');
  return { at };
}

async function readProfile(places: Places, token: string, displayName: string): Promise<void> {
  await until('the profile', async () => {
    const profile = await call<{ displayName: string | null }>(places, 'GET', '/v1/users/me', { token });
    return profile.displayName === displayName;
  });
}

async function firstMessage(places: Places, token: string): Promise<{ id: string } | undefined> {
  const page = await call<{ items: { id: string }[] }>(places, 'GET', '/v1/notifications', { token });
  return page.items[0];
}

/** Opens the live stream, marks a message as read, and waits for the stream to say so. */
async function liveMark(places: Places, token: string, item: { id: string }): Promise<void> {
  const stop = new AbortController();
  const stream = await fetch(`${places.gateway}/v1/notifications/stream`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
  });
  if (!stream.ok || !stream.body) throw new Error(`the live stream answered ${stream.status}`);
  await call(places, 'POST', `/v1/notifications/${item.id}/read`, { token });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(item.id)) break;
  }
  stop.abort();
}

async function verificationToken({ mailWeb }: Places, email: string): Promise<string | undefined> {
  // The catcher shows an internationalised domain as people write it, which is how our people give it.
  const response = await fetch(`${mailWeb}/api/email?to.address=${encodeURIComponent(email)}`);
  const mails = (await response.json()) as { text?: string }[];
  return mails.map((mail) => /#token=([\w.-]+)/.exec(mail.text ?? '')?.[1]).find(Boolean);
}

interface Call {
  json?: unknown;
  token?: string;
}

async function call<T = unknown>(
  { gateway }: Places,
  method: string,
  path: string,
  { json, token }: Call,
): Promise<T> {
  const response = await fetch(gateway + path, {
    method,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

async function until<T>(what: string, find: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`Waited 15 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
