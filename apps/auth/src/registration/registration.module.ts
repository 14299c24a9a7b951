import { Module } from '@nestjs/common';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { UsersModule } from '../users/users.module.js';
import { Applications } from './applications.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationService } from './registration.service.js';

@Module({
  imports: [ChallengesModule, PasswordsModule, UsersModule],
  controllers: [RegistrationController],
  providers: [Applications, RegistrationService],
})
export class RegistrationModule {}
