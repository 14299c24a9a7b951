import {
  type OwnProfile,
  type ProfilePatch,
  type PublicProfile,
  ownProfile,
  profilePatch,
  publicProfile,
  userIdParam,
} from '@nest-arch/contracts';
import { Access, ApiDoc, type Caller, CurrentUser, CurrentUserId, requestErrors } from '@nest-arch/platform';
import { Body, Controller, Get, Headers, Param, Patch, Res } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { namesTag } from './entity-tag.js';
import { profileErrors, userErrors } from './profiles.errors.js';
import { Profiles, type Tagged } from './profiles.service.js';

const etag = { ETag: 'Names this version, for If-Match and If-None-Match' };

@Controller('v1/users')
export class UsersController {
  constructor(private readonly profiles: Profiles) {}

  @Get('me')
  @Access('user')
  @ApiDoc({
    summary: "Read the caller's own profile",
    description:
      'Right after the registration the profile may still be under way: then this waits for it a moment.',
    response: ownProfile,
    responseHeaders: etag,
    problems: [profileErrors.notReady],
  })
  async me(
    @CurrentUserId() userId: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OwnProfile | undefined> {
    return answer(reply, await this.profiles.own(userId), ifNoneMatch);
  }

  @Patch('me')
  @Access('user')
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiDoc({
    summary: "Change the caller's own profile",
    description: 'JSON Merge Patch (RFC 7396): null empties a field, an absent one stays. Needs If-Match.',
    response: ownProfile,
    responseHeaders: etag,
    problems: [profileErrors.stale, profileErrors.notReady, requestErrors.preconditionRequired],
  })
  async edit(
    @CurrentUserId() userId: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: profilePatch }) patch: ProfilePatch,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OwnProfile | undefined> {
    if (!ifMatch) throw requestErrors.preconditionRequired();
    return answer(reply, await this.profiles.edit(userId, ifMatch, patch));
  }

  @Get(':id')
  @Access('user')
  @ApiDoc({
    summary: 'Read what a person shows of themselves',
    description: 'A field that the caller may not see is absent. An admin sees all.',
    response: publicProfile,
    responseHeaders: etag,
    problems: [userErrors.notFound],
  })
  async one(
    @CurrentUser() caller: Caller,
    @Param('id', { schema: userIdParam }) id: string,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PublicProfile | undefined> {
    return answer(reply, await this.profiles.seen(id, caller), ifNoneMatch);
  }
}

// Private and asked for anew each time: what a person hides is hidden at once, and no shared cache keeps a view.
function answer<T>(reply: FastifyReply, { tag, body }: Tagged<T>, ifNoneMatch?: string): T | undefined {
  void reply.headers({ etag: tag, 'cache-control': 'private, no-cache', vary: 'authorization' });
  if (ifNoneMatch === undefined || !namesTag(ifNoneMatch, tag)) return body;
  void reply.status(304);
  return undefined;
}
