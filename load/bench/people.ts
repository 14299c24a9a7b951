import { randomUUID } from 'node:crypto';
import type { SmtpSink } from '@nest-arch/testing';
import { Pool } from 'undici';
import type { Platform } from '../../tools/platform/platform.ts';

export interface BenchPerson {
  email: string;
  password: string;
}

export interface World {
  platform: Platform;
  smtp: SmtpSink;
  /** How long each steady measurement takes. */
  seconds: number;
  gateway: string;
  people: BenchPerson[];
}

export interface Session {
  accessToken: string;
  refreshToken: string;
}

/** One connection a caller: what a load generator of its own would have. */
export function poolOf(gateway: string, connections: number): Pool {
  return new Pool(gateway, { connections, pipelining: 1 });
}

/** Sends JSON, reads the answer to its end, fails on another status than expected. */
export async function call<T>(
  pool: Pool,
  request: { method: 'GET' | 'POST'; path: string; json?: unknown; token?: string; status: number },
): Promise<T> {
  const { method, path, json, token, status } = request;
  const answer = await pool.request({
    method,
    path,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== status)
    throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

export function newPerson(): BenchPerson {
  return { email: `bench-${randomUUID()}@example.com`, password: 'a passphrase for measuring' };
}

export function signInOnce(pool: Pool, person: BenchPerson): Promise<Session> {
  return call<Session>(pool, { method: 'POST', path: '/v1/auth/login', json: person, status: 200 });
}

/** Registered and verified people. */
export async function makePeople(
  { gateway, smtp }: Pick<World, 'gateway' | 'smtp'>,
  count: number,
): Promise<BenchPerson[]> {
  const pool = poolOf(gateway, 4);
  const made = Array.from({ length: count }, newPerson);
  for (const person of made) {
    await call(pool, { method: 'POST', path: '/v1/auth/register', json: person, status: 202 });
  }
  for (const person of made) {
    const token = await tokenFor(smtp, person.email);
    const json = { token, password: person.password };
    await call(pool, { method: 'POST', path: '/v1/auth/email/verify', json, status: 204 });
  }
  await pool.close();
  return made;
}

async function tokenFor(smtp: SmtpSink, email: string): Promise<string> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    const mail = smtp.mails.find(({ to }) => to.includes(email));
    const token = /#token=([\w.-]+)/.exec(mail?.parsed.text ?? '')?.[1];
    if (token) return token;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('no verification mail came');
}
