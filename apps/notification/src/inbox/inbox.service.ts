import { Injectable } from '@nestjs/common';
import type { NotificationPage, NotificationQuery, UnreadCount } from '@nest-arch/contracts';
import { Db, type Tx } from '@nest-arch/database';
import { Messages } from '../messages/messages.service.js';
import { decodeCursor, toPage } from './cursor.js';
import { InboxHints } from './inbox-hints.js';
import { InboxRenderer } from './inbox-renderer.js';
import { inboxErrors } from './inbox.errors.js';
import {
  findCounter,
  findReadAt,
  insertItem,
  listItems,
  lockCounter,
  markAllRead,
  markItemRead,
  type Counter,
} from './inbox.queries.js';

export interface NewItem {
  userId: string;
  /** A type of the templates' catalogue. */
  type: string;
  causeId: string;
  /** What the texts name beside the person; no secrets, no names of the person. */
  payload?: Record<string, unknown>;
}

/** A person's messages inside the product. Every item and every mark takes the person's next sequence. */
@Injectable()
export class Inbox {
  constructor(
    private readonly db: Db,
    private readonly messages: Messages,
    private readonly hints: InboxHints,
    private readonly renderer: InboxRenderer,
  ) {}

  /** Once per cause and type. */
  async add(tx: Tx, { userId, type, causeId, payload = {} }: NewItem): Promise<void> {
    const messageId = await this.messages.accept(tx, { userId, type, causeId, channel: 'inbox' });
    if (messageId === null) return;
    const { sequence } = await insertItem(tx, { userId, itemId: messageId, type, payload });
    await this.messages.announceSent(tx, { userId, messageId, type, channel: 'inbox' });
    tx.afterCommit(() => this.hints.publish(userId, sequence));
  }

  async list(userId: string, { limit, cursor, unread }: NotificationQuery): Promise<NotificationPage> {
    const from = cursor === undefined ? undefined : decodeCursor(cursor);
    const list = await listItems(this.db, { userId, unread: unread === 'true', from, limit: limit + 1 });
    const page = toPage(list.items, limit, from);
    return {
      ...page,
      items: page.items.map((row) => this.renderer.item(row, list)),
      lastSequence: list.lastSequence,
    };
  }

  unreadCount(userId: string): Promise<UnreadCount> {
    return findCounter(this.db, userId);
  }

  /** Repeating it changes nothing. Throws notification.not_found. */
  async read(userId: string, itemId: string): Promise<UnreadCount> {
    const item = await findReadAt(this.db, userId, itemId);
    if (!item) throw inboxErrors.notFound();
    if (item.readAt) return this.unreadCount(userId);
    return this.mark(userId, (tx) => markItemRead(tx, userId, itemId));
  }

  /** Everything, or what is not newer than `upTo`: an item that came in since stays unread. */
  readAll(userId: string, upTo: number | undefined): Promise<UnreadCount> {
    return this.mark(userId, (tx, counter) => markAllRead(tx, userId, upTo ?? counter.lastSequence));
  }

  private async mark(
    userId: string,
    change: (tx: Tx, counter: Counter) => Promise<Counter | null>,
  ): Promise<UnreadCount> {
    return this.db.transaction(async (tx) => {
      const counter = await lockCounter(tx, userId);
      if (!counter) return { lastSequence: 0, unread: 0 };
      const changed = await change(tx, counter);
      if (!changed) return counter;
      tx.afterCommit(() => this.hints.publish(userId, changed.lastSequence));
      return changed;
    });
  }
}
