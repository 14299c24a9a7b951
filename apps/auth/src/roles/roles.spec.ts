import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '@nest-arch/testing';
import { decodeJwt } from 'jose';
import { type Given, startAuth } from '../testing/given.js';
import { parseRoleCommand, runRoleCommand } from './role-command.js';
import { RolesService } from './roles.service.js';

let given: Given;
let roles: RolesService;
beforeAll(async () => {
  given = await startAuth();
  roles = given.app.get(RolesService, { strict: false });
});
afterAll(() => given.stop());

describe('roles', () => {
  it('come with the next refresh, and older tokens are refused at once', async () => {
    const { email, userId, refreshToken, accessToken } = await given.signedIn();
    expect(await roles.grant({ email: email.toUpperCase(), role: 'admin', actor: 'cli' })).toBe('changed');

    const { body } = await given.refresh(refreshToken);
    expect(decodeJwt(accessToken)).toMatchObject({ roles: [], ver: 0 });
    expect(decodeJwt(body.accessToken)).toMatchObject({ roles: ['admin'], ver: 1 });
    const [changed, state, revoked] = (await given.announcements(userId)).slice(-3);
    expect(changed).toMatchObject({
      type: 'auth.user.roles_changed.v1',
      version: 3,
      data: { granted: ['admin'], withdrawn: [] },
    });
    expect(state).toMatchObject({ type: 'auth.user.state.v1', version: 3, data: { roles: ['admin'] } });
    expect(revoked).toMatchObject({ type: 'auth.session.revoked.v1', data: { userId, minVer: 1 } });
    expect(await given.auditActions(userId)).toContain('roles.changed');
  });

  it('are withdrawn the same way', async () => {
    const { email } = await given.account();
    await roles.grant({ email, role: 'admin', actor: 'cli' });
    expect(await roles.withdraw({ email, role: 'admin', actor: 'cli' })).toBe('changed');
    const { body } = await given.login(email);
    expect(decodeJwt(body.accessToken)).toMatchObject({ roles: [], ver: 2 });
  });

  it('change nothing twice, and tell when there is nobody', async () => {
    const { email, userId } = await given.account();
    const outcomes = await race(8, () => roles.grant({ email, role: 'support', actor: 'cli' }));
    const values = outcomes.map((each) => each.status === 'fulfilled' && each.value);
    expect(values.filter((value) => value === 'changed')).toHaveLength(1);
    expect(values.filter((value) => value === 'unchanged')).toHaveLength(7);
    const types = await given.announcedTypes(userId);
    expect(types.filter((type) => type === 'auth.user.roles_changed.v1')).toHaveLength(1);
    expect(await roles.grant({ email: given.address(), role: 'admin', actor: 'cli' })).toBe('no_such_user');
    expect(await roles.grant({ email: 'no address', role: 'admin', actor: 'cli' })).toBe('no_such_user');
  });

  it('are not given to an address that nobody has proven', async () => {
    const email = given.address();
    await given.register(email);
    const { userId, token = '' } = await given.lastMail(email);
    expect(await roles.grant({ email, role: 'admin', actor: 'cli' })).toBe('unverified');
    expect(await given.announcedTypes(userId)).not.toContain('auth.user.roles_changed.v1');

    await given.verify(token);
    const { body } = await given.login(email);
    expect(decodeJwt(body.accessToken)).toMatchObject({ roles: [], ver: 0 });
    expect(await roles.grant({ email, role: 'admin', actor: 'cli' })).toBe('changed');
  });

  it.each(['disabled', 'erasing'])(
    'are not given to an account that is %s, and can be taken from it',
    async (status) => {
      const { email, userId } = await given.account();
      await roles.grant({ email, role: 'support', actor: 'cli' });
      await given.run(`update users set status = $2 where user_id = $1`, [userId, status]);
      for (const role of ['admin', 'support'])
        expect(await roles.grant({ email, role, actor: 'cli' })).toBe('not_active');
      expect(await roles.withdraw({ email, role: 'support', actor: 'cli' })).toBe('changed');
    },
  );
});

describe('the command for roles', () => {
  const say = (command: 'grant' | 'revoke', email: string) =>
    runRoleCommand(roles, { command, email, role: 'admin' });

  it('says what became of it, and exits with 1 when the role was refused', async () => {
    const { email, userId } = await given.account();
    expect(await say('grant', email)).toMatchObject({
      text: expect.stringContaining('granted'),
      exitCode: 0,
    });
    expect(await say('grant', email)).toEqual({ text: 'admin: nothing to change', exitCode: 0 });
    await given.run(`update users set status = 'disabled' where user_id = $1`, [userId]);
    expect(await say('grant', email)).toMatchObject({
      text: expect.stringContaining('disabled'),
      exitCode: 1,
    });

    const waiting = given.address();
    await given.register(waiting);
    expect(await say('grant', waiting)).toMatchObject({
      text: expect.stringContaining('not granted. The address of this account is not verified'),
      exitCode: 1,
    });
    expect(await say('grant', given.address())).toEqual({ text: 'No account has this address', exitCode: 1 });
  });

  it.each(['', 'grant', 'grant a@example.com', 'give a@example.com admin', 'grant a@example.com Admin'])(
    'takes no other words: "%s"',
    (line) => expect(parseRoleCommand(line.split(' '))).toBeNull(),
  );
});
