import { normaliseEmailAddress } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { SessionEndings } from '../sessions/session-endings.js';
import { Identifiers } from '../users/identifiers.js';
import { UserEvents } from '../users/user-events.js';
import type { User } from '../users/user.entity.js';
import { findUserId, lockUser, setRoles } from '../users/users.queries.js';

export interface RoleChange {
  email: string;
  role: string;
  /** As in the audit log. */
  actor: string;
}

export type RoleOutcome = 'changed' | 'unchanged' | 'no_such_user' | 'unverified' | 'not_active';

/** Gives and takes roles. Older access tokens are refused at once; the next refresh carries the roles as they are. */
@Injectable()
export class RolesService {
  constructor(
    private readonly db: Db,
    private readonly identifiers: Identifiers,
    private readonly endings: SessionEndings,
    private readonly events: UserEvents,
  ) {}

  /** Refused unless the account is active and its address proven: until then it may be anybody who registered it. */
  grant(change: RoleChange): Promise<RoleOutcome> {
    return this.change(change, (roles) => [...new Set([...roles, change.role])], reasonToRefuse);
  }

  /** From any account. */
  withdraw(change: RoleChange): Promise<RoleOutcome> {
    return this.change(change, (roles) => roles.filter((role) => role !== change.role));
  }

  private change(
    change: RoleChange,
    next: (roles: string[]) => string[],
    refuse: (user: User) => RoleOutcome | null = () => null,
  ): Promise<RoleOutcome> {
    return this.db.transaction(async (tx) => {
      const address = normaliseEmailAddress(change.email);
      const userId = address && (await findUserId(tx, this.identifiers.hash(address)));
      const user = userId && (await lockUser(tx, userId));
      if (!user) return 'no_such_user';
      const refusal = refuse(user);
      if (refusal) return refusal;
      const roles = next(user.roles);
      if (roles.length === user.roles.length) return 'unchanged';
      const changed = await setRoles(tx, user.userId, roles);
      await this.events.rolesChanged(tx, { before: user, after: changed });
      await this.endings.refuseOlderTokens(tx, user.userId, changed.ver);
      const details = { before: user.roles, after: roles };
      await recordAudit(tx, { userId: user.userId, action: 'roles.changed', actor: change.actor, details });
      return 'changed';
    });
  }
}

function reasonToRefuse({ status, emailVerifiedAt }: User): RoleOutcome | null {
  if (status !== 'active') return 'not_active';
  return emailVerifiedAt ? null : 'unverified';
}
