import { type EventData, profileCreatedV1, profileInitialisedV1, userStateV1 } from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { type EventContext, OnEvent, Outbox } from '@nest-arch/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { announceState } from './announcements.js';
import { ProfileErasure } from './profile-erasure.js';
import { ProfileReader } from './profile-reader.js';
import type { Profile } from './profile.entity.js';
import { initialNames } from './profile.js';
import { advanceAuthVersion, initialiseNames, insertProfile } from './profiles.queries.js';

type Account = EventData<typeof userStateV1>;

const unnamed = { displayName: null, givenName: null, familyName: null, editedFields: [] };

/** Gives every account a profile, and the profile the names of the registration as soon as auth vouches for them. */
@Controller()
export class AccountsConsumer {
  constructor(
    private readonly outbox: Outbox,
    private readonly reader: ProfileReader,
    private readonly erasure: ProfileErasure,
  ) {}

  @OnEvent(userStateV1)
  async account(@Payload() account: Account | null, @Ctx() { tx, key }: EventContext): Promise<void> {
    if (account === null) await this.erasure.erase(tx, key);
    else if (!(await this.create(tx, account))) await this.follow(tx, account);
  }

  private async create(tx: Tx, account: Account): Promise<boolean> {
    const { userId, initialProfile, locale, region } = account;
    const created = await insertProfile(tx, {
      ...initialNames(unnamed, initialProfile ?? {}),
      ...{ userId, locale, region, authVersion: account.version },
      // Two announcements, two versions.
      version: initialProfile ? 2 : 1,
      initialised: initialProfile !== undefined,
    });
    if (!created) return false;
    const createdAt = created.createdAt.toISOString();
    await this.outbox.add(
      tx,
      profileCreatedV1,
      { userId, version: 1, createdAt },
      { key: userId, version: 1 },
    );
    if (created.initialisedAt) await this.announceInitialised(tx, created);
    await announceState(tx, this.outbox, created);
    return true;
  }

  private async follow(tx: Tx, account: Account): Promise<void> {
    const { userId, region, initialProfile } = account;
    const known = await advanceAuthVersion(tx, { userId, region, authVersion: account.version });
    if (!known || !initialProfile) return;
    const initialised = await initialiseNames(tx, { userId, ...initialNames(known, initialProfile) });
    if (!initialised) return;
    await this.announceInitialised(tx, initialised);
    await announceState(tx, this.outbox, initialised);
    await this.reader.forget(userId, known.version);
  }

  private async announceInitialised(tx: Tx, { userId, version, initialisedAt }: Profile): Promise<void> {
    const at = (initialisedAt ?? new Date()).toISOString();
    await this.outbox.add(
      tx,
      profileInitialisedV1,
      { userId, version, initialisedAt: at },
      { key: userId, version },
    );
  }
}
