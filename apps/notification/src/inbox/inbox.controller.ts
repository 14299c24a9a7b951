import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  notificationPage,
  notificationQuery,
  unreadCount,
  noBody,
  readAllBody,
  type NoBody,
  type NotificationPage,
  type NotificationQuery,
  type ReadAllBody,
  type UnreadCount,
} from '@nest-arch/contracts';
import { Access, ApiDoc, CurrentUser, CurrentUserId, requestErrors, type Caller } from '@nest-arch/platform';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { InboxStreams } from './inbox-streams.js';
import { inboxErrors } from './inbox.errors.js';
import { lastEventId } from './inbox.schema.js';
import { Inbox } from './inbox.service.js';
import { SseConnection } from './sse-connection.js';

@Controller('v1/notifications')
export class InboxController {
  constructor(
    private readonly inbox: Inbox,
    private readonly streams: InboxStreams,
  ) {}

  @Get()
  @Access('user')
  @ApiDoc({
    summary: "List the person's messages, newest first",
    response: notificationPage,
    problems: [inboxErrors.invalidCursor],
  })
  list(
    @CurrentUserId() userId: string,
    @Query({ schema: notificationQuery }) query: NotificationQuery,
  ): Promise<NotificationPage> {
    return this.inbox.list(userId, query);
  }

  @Get('unread-count')
  @Access('user')
  @ApiDoc({ summary: 'Count the unread messages', response: unreadCount })
  unreadCount(@CurrentUserId() userId: string): Promise<UnreadCount> {
    return this.inbox.unreadCount(userId);
  }

  @Post(':id/read')
  @HttpCode(200)
  @Access('user')
  @ApiDoc({
    summary: 'Mark a message as read',
    description: 'Repeating it changes nothing.',
    response: unreadCount,
    problems: [inboxErrors.notFound],
  })
  read(
    @CurrentUserId() userId: string,
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: noBody }) _body: NoBody,
  ): Promise<UnreadCount> {
    return this.inbox.read(userId, id);
  }

  @Post('read-all')
  @HttpCode(200)
  @Access('user')
  @ApiDoc({ summary: 'Mark all messages as read, or those up to a sequence', response: unreadCount })
  readAll(
    @CurrentUserId() userId: string,
    @Body({ schema: readAllBody }) body: ReadAllBody,
  ): Promise<UnreadCount> {
    return this.inbox.readAll(userId, body?.upTo);
  }

  @Get('stream')
  @Access('user')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last record that the client has',
  })
  @ApiDoc({
    summary: 'Follow the messages live',
    description: [
      'Server-sent events. The id of a record is its sequence, its data is JSON:',
      '- `{ "kind": "item", "item": … }`, the item as in the list',
      '- `{ "kind": "read", "id", "sequence", "readAt" }`',
      '- `{ "kind": "read_all", "upTo", "sequence", "readAt" }`',
      '',
      'With `Last-Event-ID` the stream continues after that record, without gap or repeat; begin with the `lastSequence`',
      'of the list. Without it the stream begins now. A comment comes every 15 s. The stream ends with the access token.',
    ].join('\n'),
    response: z.string(),
    mediaType: 'text/event-stream',
    problems: [inboxErrors.tooManyStreams],
  })
  async stream(
    @CurrentUser() caller: Caller,
    @Headers('last-event-id') header: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.streams.open(caller.userId, parseLastEventId(header), () => {
      reply.hijack();
      return new SseConnection(reply.raw, caller.expiresAt * 1000);
    });
  }
}

function parseLastEventId(header: string | undefined): number | undefined {
  const parsed = lastEventId.safeParse(header || undefined);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? '';
  throw requestErrors.invalid(undefined, { fields: [{ field: 'Last-Event-ID', message }] });
}
