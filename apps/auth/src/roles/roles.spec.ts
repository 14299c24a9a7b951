import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '@nest-arch/testing';
import { decodeJwt } from 'jose';
import { type Given, startAuth } from '../testing/given.js';
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
});
