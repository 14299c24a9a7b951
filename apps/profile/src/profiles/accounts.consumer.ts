import {
  type EventData,
  profileCreatedV1,
  profileInitialisedV1,
  profileUpdatedV1,
  userStateV1,
} from '@nest-arch/contracts';
import type { Tx } from '@nest-arch/database';
import { type EventContext, OnEvent, Outbox } from '@nest-arch/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { announceState } from './announcements.js';
import { ProfileErasure } from './profile-erasure.js';
import { ProfileReader } from './profile-reader.js';
import type { Profile } from './profile.entity.js';
import { initialLocale, initialNames } from './profile.js';
import {
  advanceAuthVersion,
  initialiseLocale,
  initialiseProfile,
  insertProfile,
} from './profiles.queries.js';

type Account = EventData<typeof userStateV1>;

const empty = { displayName: null, givenName: null, familyName: null, locale: null, editedFields: [] };

/** Gives every account a profile, and the profile names and language of the registration as soon as auth vouches for them. */
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
    const { userId, initialProfile, region } = account;
    const locale = initialLocale(empty, account);
    const created = await insertProfile(tx, {
      ...initialNames(empty, initialProfile ?? {}),
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
    const { userId, region } = account;
    const known = await advanceAuthVersion(tx, { userId, region, authVersion: account.version });
    const changed = known && (await this.initialise(tx, known, account));
    if (!changed) return;
    await announceState(tx, this.outbox, changed);
    await this.reader.forget(userId, known.version);
  }

  /** Null when the account has nothing that the profile still lacks. */
  private async initialise(tx: Tx, known: Profile, account: Account): Promise<Profile | null> {
    const { userId, initialProfile } = account;
    const locale = initialLocale(known, account);
    if (initialProfile && !known.initialisedAt) {
      const names = initialNames(known, initialProfile);
      const initialised = await initialiseProfile(tx, { userId, locale, ...names });
      if (initialised) await this.announceInitialised(tx, initialised);
      return initialised;
    }
    if (locale === known.locale) return null;
    const updated = await initialiseLocale(tx, { userId, locale });
    if (updated) await this.announceLocale(tx, updated);
    return updated;
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

  private async announceLocale(tx: Tx, { userId, version, updatedAt }: Profile): Promise<void> {
    await this.outbox.add(
      tx,
      profileUpdatedV1,
      { userId, version, changedFields: ['locale'], updatedAt: updatedAt.toISOString() },
      { key: userId, version },
    );
  }
}
