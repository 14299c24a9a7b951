import { InboxCounter, InboxItem, InboxReadAll } from './inbox/inbox.entities.js';
import { Delivery } from './mail/delivery.entity.js';
import { Message } from './messages/message.entity.js';

export const entities = [Message, Delivery, InboxCounter, InboxItem, InboxReadAll];
