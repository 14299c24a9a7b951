import type { LoggerService } from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import { type Logger as Pino, pino } from 'pino';
import type { BaseConfig } from '../config/base-config.js';

/** Field names whose values never reach a log, at any depth that we log. */
const secretFields = [
  'password',
  'token',
  'refreshToken',
  'accessToken',
  'authorization',
  'cookie',
  'secret',
  'email',
  'jwe',
];

/** The process's logger: JSON lines, with the trace id of whatever runs. Pretty on a terminal. */
export function createLogger(
  name: string,
  config: Pick<BaseConfig, 'LOG_LEVEL' | 'LOG_PRETTY'>,
): PlatformLogger {
  const pretty = config.LOG_PRETTY ?? process.stdout.isTTY;
  return new PlatformLogger(
    pino({
      name,
      level: config.LOG_LEVEL,
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
      serializers: { err: safeError },
      mixin: () => {
        const span = trace.getSpanContext(context.active());
        return span ? { traceId: span.traceId, spanId: span.spanId } : {};
      },
      ...(pretty
        ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', singleLine: true } } }
        : {}),
    }),
  );
}

/**
 * Nest's logger on pino. Last argument of a call is Nest's context, first a message or an object of fields:
 * `logger.error({ err, code }, 'Request failed')`.
 */
export class PlatformLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  flush(): void {
    this.pino.flush();
  }

  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const texts = rest.filter((part): part is string => typeof part === 'string');
    const fields = Object.assign({}, ...rest.filter((part) => typeof part === 'object')) as object;
    if (message instanceof Error)
      return this.pino[level]({ ...fields, err: message, context: texts.at(-1) }, message.message);
    if (typeof message === 'object' && message !== null) {
      return this.pino[level](
        { ...fields, ...message, context: texts.at(-1) },
        texts.length > 1 ? texts[0] : undefined,
      );
    }
    this.pino[level]({ ...fields, context: texts.at(-1) }, String(message));
  }
}

/**
 * What a log may say of an error. Of a database error only its code and place: Postgres repeats the offending row in
 * `detail` and TypeORM the parameters.
 */
function safeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint, table } = error as { code?: string; constraint?: string; table?: string };
  return {
    type: error.name,
    message: error.message,
    code,
    constraint,
    table,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: safeError(error.cause) } : {}),
  };
}
