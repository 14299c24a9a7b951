import { Module } from '@nestjs/common';
import { Identifiers } from './identifiers.js';
import { NewUsers } from './new-users.js';
import { ProfileEventsController } from './profile-events.controller.js';
import { UserEvents } from './user-events.js';

@Module({
  controllers: [ProfileEventsController],
  providers: [Identifiers, NewUsers, UserEvents],
  exports: [Identifiers, NewUsers, UserEvents],
})
export class UsersModule {}
