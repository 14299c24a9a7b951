import {
  type LoginBody,
  type RefreshBody,
  loginBody,
  refreshBody,
  sessionTokens,
} from '@nest-arch/contracts';
import { Access, ApiDoc } from '@nest-arch/platform';
import { Body, Controller, Header, Headers, HttpCode, Post } from '@nestjs/common';
import { passwordErrors } from '../passwords/passwords.errors.js';
import { RefreshService } from './refresh.service.js';
import { sessionErrors } from './sessions.errors.js';
import { SignInService } from './sign-in.service.js';
import { tidyUserAgent } from './user-agent.js';

@Controller('v1/auth')
export class SignInController {
  constructor(
    private readonly signIns: SignInService,
    private readonly refreshes: RefreshService,
  ) {}

  @Post('login')
  @Access('public')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiDoc({
    summary: 'Sign in with address and password',
    response: sessionTokens,
    problems: [
      sessionErrors.invalidCredentials,
      sessionErrors.emailUnverified,
      sessionErrors.disabled,
      sessionErrors.tooManyTries,
      passwordErrors.busy,
    ],
  })
  signIn(@Body({ schema: loginBody }) body: LoginBody, @Headers('user-agent') userAgent?: string) {
    return this.signIns.signIn(body, tidyUserAgent(userAgent));
  }

  @Post('refresh')
  @Access('public')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiDoc({
    summary: 'Exchange a refresh token for a new pair',
    description:
      'A refresh token works once. Repeated within ten seconds, before its successor is used, it answers the same successor; any other repetition ends the session.',
    response: sessionTokens,
    problems: [sessionErrors.refreshTokenInvalid],
  })
  refresh(@Body({ schema: refreshBody }) body: RefreshBody) {
    return this.refreshes.refresh(body);
  }
}
