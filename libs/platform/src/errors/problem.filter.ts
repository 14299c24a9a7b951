import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { currentTraceId } from '../tracing/trace-context.js';
import { problemHeaders, toProblem } from './problem.js';
import { toAppError } from './to-app-error.js';

/** Answers every error of an HTTP route as application/problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { error, unexpected } = toAppError(thrown);
    if (unexpected) this.logger.error({ err: thrown, code: error.code }, 'Request failed');
    // A stream that has begun cannot take back its status: cut it, so that the client knows.
    if (reply.raw.headersSent) return void reply.raw.destroy();
    void reply.status(error.status).headers(problemHeaders(error)).send(toProblem(error, currentTraceId()));
  }
}
