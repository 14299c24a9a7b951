import { Catch, UseFilters, applyDecorators, type ExceptionFilter } from '@nestjs/common';
import { EventPattern, Transport } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { EventDefinition } from '@nest-arch/contracts';

/** Stored with the handler; the server reads it. */
export interface HandlerExtras {
  messaging?: { definition: EventDefinition; group: string | undefined };
}

/**
 * Handles one type of event or state record: `handler(@Payload() data, @Ctx() context: EventContext)`. The server has
 * validated the data, opened `context.tx` and written the inbox row. What the handler throws decides what happens next
 * (see failures.ts). `group` names the consumer group when the app has several.
 */
export function OnEvent<T>(
  definition: EventDefinition<T>,
  options: { group?: string } = {},
): MethodDecorator {
  const extras: HandlerExtras = {
    messaging: { definition: definition as EventDefinition, group: options.group },
  };
  const pattern = EventPattern(definition.type, Transport.KAFKA, extras) as MethodDecorator;
  return applyDecorators(pattern, UseFilters(OriginalError));
}

/** Nest's own filter replaces every error by "Internal server error"; the server must see the original to judge it. */
@Catch()
class OriginalError implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
