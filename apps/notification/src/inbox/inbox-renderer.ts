import type { NotificationItem, StreamRecord } from '@nest-arch/contracts';
import { pickLanguage } from '../templates/languages.js';
import { renderInboxItem } from '../templates/render.js';
import type { ChangeRow, InboxRow, Reader } from './inbox.queries.js';

/** Items are stored as type and payload, and put into words when they are read: in the language of that moment. */
export class InboxRenderer {
  constructor(private readonly product: string) {}

  item(row: InboxRow, reader: Reader): NotificationItem {
    const values = { ...row.payload, product: this.product, name: reader.name };
    return {
      id: row.id,
      sequence: row.sequence,
      type: row.type,
      ...renderInboxItem(row.type, pickLanguage(reader.locale), values),
      createdAt: row.createdAt.toISOString(),
      readAt: row.readAt?.toISOString() ?? null,
    };
  }

  change(row: ChangeRow): StreamRecord {
    if (row.kind === 'item') return { kind: 'item', item: this.item(row, row) };
    const mark = { sequence: row.at, readAt: row.readAt.toISOString() };
    return row.kind === 'read'
      ? { kind: 'read', id: row.id, ...mark }
      : { kind: 'read_all', upTo: row.upTo, ...mark };
  }
}
