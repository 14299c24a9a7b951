import { normaliseEmailAddress } from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Injectable } from '@nestjs/common';
import { recordAudit } from '../audit/audit.queries.js';
import { SessionEndings } from '../sessions/session-endings.js';
import { Identifiers } from '../users/identifiers.js';
import { UserEvents } from '../users/user-events.js';
import { findUserId, lockUser, setRoles } from '../users/users.queries.js';

export interface RoleChange {
  email: string;
  role: string;
  /** As in the audit log. */
  actor: string;
}

export type RoleOutcome = 'changed' | 'unchanged' | 'no_such_user';

/** Gives and takes roles. Older access tokens are refused at once; the next refresh carries the roles as they are. */
@Injectable()
export class RolesService {
  constructor(
    private readonly db: Db,
    private readonly identifiers: Identifiers,
    private readonly endings: SessionEndings,
    private readonly events: UserEvents,
  ) {}

  grant(change: RoleChange): Promise<RoleOutcome> {
    return this.change(change, (roles) => [...new Set([...roles, change.role])]);
  }

  withdraw(change: RoleChange): Promise<RoleOutcome> {
    return this.change(change, (roles) => roles.filter((role) => role !== change.role));
  }

  private change(change: RoleChange, next: (roles: string[]) => string[]): Promise<RoleOutcome> {
    return this.db.transaction(async (tx) => {
      const address = normaliseEmailAddress(change.email);
      const userId = address && (await findUserId(tx, this.identifiers.hash(address)));
      const user = userId && (await lockUser(tx, userId));
      if (!user) return 'no_such_user';
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
