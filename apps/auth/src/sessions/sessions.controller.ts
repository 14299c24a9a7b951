import {
  type NoBody,
  type SessionCheckBody,
  type SessionCheckResponse,
  noBody,
  sessionCheckBody,
  sessionCheckResponse,
  sessionList,
} from '@nest-arch/contracts';
import { Db } from '@nest-arch/database';
import { Access, ApiDoc, type Caller, CurrentUser } from '@nest-arch/platform';
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { sessionErrors } from './sessions.errors.js';
import { checkSessions } from './sessions.queries.js';
import { SessionsService } from './sessions.service.js';

@Controller()
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly db: Db,
  ) {}

  @Post('v1/auth/logout')
  @Access('user')
  @HttpCode(204)
  @ApiDoc({ summary: 'Sign out: end this session', status: 204 })
  logout(@CurrentUser() caller: Caller, @Body({ schema: noBody }) _body: NoBody) {
    return this.sessions.logout(caller);
  }

  @Get('v1/auth/sessions')
  @Access('user')
  @ApiDoc({ summary: 'List where you are signed in', response: sessionList })
  list(@CurrentUser() caller: Caller) {
    return this.sessions.list(caller);
  }

  @Delete('v1/auth/sessions')
  @Access('user')
  @HttpCode(204)
  @ApiDoc({ summary: 'Sign out everywhere else', status: 204 })
  revokeOthers(@CurrentUser() caller: Caller) {
    return this.sessions.revokeOthers(caller);
  }

  @Delete('v1/auth/sessions/:id')
  @Access('user')
  @HttpCode(204)
  @ApiDoc({ summary: 'End one session', status: 204, problems: [sessionErrors.notFound] })
  revoke(@CurrentUser() caller: Caller, @Param('id', { schema: z.uuid() }) id: string) {
    return this.sessions.revoke(caller, id);
  }

  /** For gateways that have not heard from the revocation topic for a while. */
  @Post('internal/sessions/check')
  @Access('internal')
  @HttpCode(200)
  @ApiDoc({ summary: 'Whether tokens of these sessions are still good', response: sessionCheckResponse })
  async check(@Body({ schema: sessionCheckBody }) body: SessionCheckBody): Promise<SessionCheckResponse> {
    return { sessions: await checkSessions(this.db, body.sessions) };
  }
}
