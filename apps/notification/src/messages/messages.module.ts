import { Module } from '@nestjs/common';
import { Messages } from './messages.service.js';

@Module({ providers: [Messages], exports: [Messages] })
export class MessagesModule {}
