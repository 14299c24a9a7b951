import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Query,
  type Type,
} from '@nestjs/common';
import {
  deadLetterDetail,
  deadLetterId,
  deadLetterPage,
  deadLetterQuery,
  deadLetterResolution,
  noBody,
  type DeadLetterDetail,
  type DeadLetterPage,
  type DeadLetterQuery,
  type DeadLetterResolution,
  type NoBody,
} from '@nest-arch/contracts';
import { Access, ApiDoc, CurrentUserId } from '@nest-arch/platform';
import { deadLetterErrors } from './dead-letters.errors.js';
import { AdminDeadLetters } from './dead-letters.service.js';

const { gone, notFound, unavailable } = deadLetterErrors;

// Nest asks for the constructor's types, which the compiler keeps only of decorated classes.
@Controller()
class DeadLettersController {
  constructor(private readonly letters: AdminDeadLetters) {}

  @Get()
  @Access('role', 'admin')
  @Header('cache-control', 'no-store')
  @ApiDoc({
    summary: 'List records that this service could not handle',
    description: 'Open dead letters by topic, oldest first within each. A page may be shorter than `limit`.',
    response: deadLetterPage,
    problems: [unavailable],
  })
  list(
    @CurrentUserId() callerId: string,
    @Query({ schema: deadLetterQuery }) query: DeadLetterQuery,
  ): Promise<DeadLetterPage> {
    return this.letters.list(callerId, query);
  }

  @Get(':id')
  @Access('role', 'admin')
  @Header('cache-control', 'no-store')
  @ApiDoc({
    summary: 'Show one dead letter with its headers and its data',
    response: deadLetterDetail,
    problems: [notFound, unavailable],
  })
  show(
    @CurrentUserId() callerId: string,
    @Param('id', { schema: deadLetterId }) id: string,
  ): Promise<DeadLetterDetail> {
    return this.letters.show(callerId, id);
  }

  @Post(':id/replay')
  @HttpCode(200)
  @Access('role', 'admin')
  @ApiDoc({
    summary: 'Hand the record to its consumer group again',
    description: 'However often it is replayed, it has one effect.',
    response: deadLetterResolution,
    problems: [notFound, gone, unavailable],
  })
  replay(
    @CurrentUserId() callerId: string,
    @Param('id', { schema: deadLetterId }) id: string,
    @Body({ schema: noBody }) _body: NoBody,
  ): Promise<DeadLetterResolution> {
    return this.letters.replay(callerId, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('role', 'admin')
  @ApiDoc({
    summary: 'Close a dead letter without effect',
    status: 204,
    problems: [notFound, unavailable],
  })
  drop(@CurrentUserId() callerId: string, @Param('id', { schema: deadLetterId }) id: string): Promise<void> {
    return this.letters.drop(callerId, id);
  }
}

/** The controller below a path that names the service, under a class name of its own: the API description names operations by it. */
export function deadLettersController(service: string): Type {
  @Controller(`v1/admin/dead-letters/${service}`)
  class Served extends DeadLettersController {}
  const name = `${service[0]?.toUpperCase()}${service.slice(1)}DeadLettersController`;
  Object.defineProperty(Served, 'name', { value: name });
  return Served;
}
