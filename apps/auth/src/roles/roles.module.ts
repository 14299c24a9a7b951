import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { RolesService } from './roles.service.js';
import { UsersModule } from '../users/users.module.js';

@Module({ imports: [SessionsModule, UsersModule], providers: [RolesService], exports: [RolesService] })
export class RolesModule {}
