import { Module } from '@nestjs/common';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { UsersModule } from '../users/users.module.js';
import { CredentialCheck } from './credential-check.js';
import { RefreshService } from './refresh.service.js';
import { SessionEndings } from './session-endings.js';
import { SessionEvents } from './session-events.js';
import { SessionStarts } from './session-starts.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';

@Module({
  imports: [PasswordsModule, UsersModule],
  controllers: [SignInController, SessionsController],
  providers: [
    CredentialCheck,
    RefreshService,
    SessionEndings,
    SessionEvents,
    SessionStarts,
    SessionsService,
    SignInService,
  ],
  exports: [SessionEndings],
})
export class SessionsModule {}
