import { Module, type DynamicModule } from '@nestjs/common';
import { MESSAGING_OPTIONS, type MessagingOptions } from '../options.js';
import { deadLettersController } from './dead-letters.controller.js';
import { AdminDeadLetters } from './dead-letters.service.js';

/** `/v1/admin/dead-letters/<service>`: the dead letters of a service's groups, for administrators. Needs MessagingModule. */
@Module({})
export class DeadLettersModule {
  static forRoot({ service }: { service: string }): DynamicModule {
    return {
      module: DeadLettersModule,
      controllers: [deadLettersController(service)],
      providers: [
        {
          provide: AdminDeadLetters,
          inject: [MESSAGING_OPTIONS],
          useFactory: (options: MessagingOptions) => new AdminDeadLetters(service, options),
        },
      ],
    };
  }
}
