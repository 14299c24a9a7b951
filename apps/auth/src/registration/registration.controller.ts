import { type RegisterBody, registerBody, registerResponse } from '@nest-arch/contracts';
import { Access, ApiDoc } from '@nest-arch/platform';
import { idempotencyErrors } from '@nest-arch/platform';
import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { passwordErrors } from '../passwords/passwords.errors.js';
import { RegistrationService } from './registration.service.js';

@Controller('v1/auth')
export class RegistrationController {
  constructor(private readonly registration: RegistrationService) {}

  @Post('register')
  @Access('public')
  @HttpCode(202)
  @ApiDoc({
    summary: 'Register an address',
    description: 'Answers the same whether the address is new or taken; what comes next is in the mail.',
    status: 202,
    response: registerResponse,
    problems: [
      passwordErrors.tooShort,
      passwordErrors.busy,
      idempotencyErrors.weakKey,
      idempotencyErrors.running,
      idempotencyErrors.reused,
    ],
  })
  register(@Body({ schema: registerBody }) body: RegisterBody, @Headers('idempotency-key') key?: string) {
    return this.registration.register(body, key);
  }
}
