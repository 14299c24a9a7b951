import { userEmailVerifiedV1, userRegisteredV1, userRolesChangedV1, userStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { Outbox } from '@nest-arch/messaging';
import { Clock } from '@nest-arch/platform';
import { Injectable } from '@nestjs/common';
import { stateOf } from './user-state.js';
import type { User } from './user.entity.js';

/**
 * What is announced of a user. Each is called in the transaction of the change, under the user's row lock, with the row as
 * it is after its version was raised; the state record follows every event.
 */
@Injectable()
export class UserEvents {
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async registered(tx: Tx, user: User): Promise<void> {
    const { userId, version, source, createdAt } = user;
    const data = { userId, version, source, registeredAt: createdAt.toISOString() };
    await this.outbox.add(tx, userRegisteredV1, data, { key: userId, version });
    await this.state(tx, user);
  }

  async emailVerified(tx: Tx, user: User): Promise<void> {
    const { userId, version, source } = user;
    const verifiedAt = (user.emailVerifiedAt ?? this.clock.now()).toISOString();
    const data = { userId, version, source, verifiedAt };
    await this.outbox.add(tx, userEmailVerifiedV1, data, { key: userId, version });
    await this.state(tx, user);
  }

  async rolesChanged(tx: Tx, { before, after }: { before: User; after: User }): Promise<void> {
    const { userId, version } = after;
    const data = {
      ...{ userId, version, changedAt: this.clock.now().toISOString() },
      granted: after.roles.filter((role) => !before.roles.includes(role)),
      withdrawn: before.roles.filter((role) => !after.roles.includes(role)),
    };
    await this.outbox.add(tx, userRolesChangedV1, data, { key: userId, version });
    await this.state(tx, after);
  }

  /** The state record alone, for changes that have no event. */
  state(tx: Tx, user: User): Promise<void> {
    return this.outbox.add(tx, userStateV1, stateOf(user), { key: user.userId, version: user.version });
  }
}
