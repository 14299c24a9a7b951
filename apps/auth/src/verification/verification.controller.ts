import {
  type ResendVerificationBody,
  type VerifyEmailBody,
  registerResponse,
  resendVerificationBody,
  verifyEmailBody,
} from '@nest-arch/contracts';
import { Access, ApiDoc, idempotencyErrors } from '@nest-arch/platform';
import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { passwordErrors } from '../passwords/passwords.errors.js';
import { ResendService } from './resend.service.js';
import { verificationErrors } from './verification.errors.js';
import { VerificationService } from './verification.service.js';

@Controller('v1/auth/email/verify')
export class VerificationController {
  constructor(
    private readonly verification: VerificationService,
    private readonly resending: ResendService,
  ) {}

  @Post()
  @Access('public')
  @HttpCode(204)
  @ApiDoc({
    summary: 'Prove an address by the token of the mail',
    description: 'With `password`, it must be the one of the registration that the mail belongs to.',
    status: 204,
    problems: [verificationErrors.tokenInvalid, verificationErrors.passwordMismatch, passwordErrors.busy],
  })
  verify(@Body({ schema: verifyEmailBody }) body: VerifyEmailBody) {
    return this.verification.verify(body);
  }

  @Post('resend')
  @Access('public')
  @HttpCode(202)
  @ApiDoc({
    summary: 'Send the verification mail again',
    description: 'Answers the same whatever the address.',
    status: 202,
    response: registerResponse,
    problems: [idempotencyErrors.weakKey, idempotencyErrors.running, idempotencyErrors.reused],
  })
  resend(
    @Body({ schema: resendVerificationBody }) body: ResendVerificationBody,
    @Headers('idempotency-key') key?: string,
  ) {
    return this.resending.resend(body, key);
  }
}
