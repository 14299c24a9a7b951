import { randomUUID } from 'node:crypto';
import type { OwnProfile, SessionTokens } from '@nest-arch/contracts';
import { type Answer, type HttpClient, type SinkMail, linkToken, waitFor } from '@nest-arch/testing';
import type { Composed } from './composed.ts';

/** Somebody who uses the platform through its public API, as a client would. */
export class Person {
  readonly email: string;
  readonly password = 'a long and honest passphrase';
  readonly displayName: string;
  tokens!: SessionTokens;

  constructor(
    private readonly world: Composed,
    name = 'Ada Lovelace',
  ) {
    this.displayName = name;
    this.email = `${name.split(' ')[0]?.toLowerCase()}-${randomUUID().slice(0, 13)}@example.com`;
  }

  register(headers: Record<string, string> = {}): Promise<Answer<unknown>> {
    const { email, password, displayName } = this;
    return this.world.api.post('/v1/auth/register', { email, password, displayName }, { headers });
  }

  mails(): SinkMail[] {
    return this.world.smtp.mails.filter((mail) => mail.to.includes(this.email));
  }

  /** The mail whose text has a link to the page of that name. */
  waitForLink(page: string): Promise<SinkMail> {
    const find = async () => this.mails().find((mail) => mail.parsed.text?.includes(`/${page}#`));
    return waitFor(find, { timeoutMs: 15_000, intervalMs: 20, what: `a mail with a link to ${page}` });
  }

  async verify(): Promise<void> {
    const mail = await this.waitForLink('verify');
    const token = linkToken({ text: mail.parsed.text ?? '' });
    const answer = await this.world.api.post('/v1/auth/email/verify', { token, password: this.password });
    if (answer.status !== 204)
      throw new Error(`verify answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async signIn(): Promise<HttpClient> {
    const { email, password } = this;
    const answer = await this.world.api.post<SessionTokens>('/v1/auth/login', { email, password });
    if (answer.status !== 200)
      throw new Error(`login answered ${answer.status} ${JSON.stringify(answer.body)}`);
    this.tokens = answer.body;
    return this.world.api.as(answer.body.accessToken);
  }

  /** From nothing to signed in. */
  async join(): Promise<HttpClient> {
    await this.register();
    await this.verify();
    return this.signIn();
  }

  /** From nothing to signed in as an administrator. */
  async joinAsAdmin(): Promise<HttpClient> {
    await this.join();
    // What npm run admin -- grant does, before anything was issued that would have to be revoked.
    await this.world.rows('auth', `update users set roles = '{admin}' where email = '${this.email}'`);
    return this.signIn();
  }

  /** The own profile, once the names of the registration have arrived. */
  profile(me: HttpClient): Promise<OwnProfile> {
    const find = async () => {
      const { status, body } = await me.get<OwnProfile>('/v1/users/me');
      return status === 200 && body.displayName ? body : undefined;
    };
    return waitFor(find, { timeoutMs: 15_000, intervalMs: 50, what: 'the profile' });
  }
}
