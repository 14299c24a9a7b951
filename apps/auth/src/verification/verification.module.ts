import { Module } from '@nestjs/common';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { ResendService } from './resend.service.js';
import { VerificationController } from './verification.controller.js';
import { VerificationService } from './verification.service.js';

@Module({
  imports: [ChallengesModule, PasswordsModule, SessionsModule, UsersModule],
  controllers: [VerificationController],
  providers: [ResendService, VerificationService],
})
export class VerificationModule {}
