import { Logger } from '@nestjs/common';
import type { AppError } from '@nest-arch/platform';
import { proxyErrors } from './proxies.errors.js';

const linesPerSecond = 20;

/** Says which requests got no answer from a service, so that a trace id leads somewhere; an outage is not said 5,000 times a second. */
export class FailureLog {
  private readonly logger = new Logger('Proxy');
  private second = 0;
  private lines = 0;

  add(error: AppError, fields: { upstream: string; traceId: string }): void {
    // The overflow of a queue says nothing about the one request.
    if (error.code === proxyErrors.busy.declaration.code) return;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.lines = 0;
    }
    this.lines += 1;
    if (this.lines <= linesPerSecond)
      this.logger.warn({ ...fields, code: error.code }, 'No answer from the service');
  }
}
