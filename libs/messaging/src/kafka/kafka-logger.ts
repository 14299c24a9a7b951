import { Logger } from '@nestjs/common';
import type { logCreator } from 'kafkajs';

const levels = { error: 1, warn: 2 } as const;

/**
 * kafkajs reports every lost connection as an error, with a stack, on each of its attempts. Our own code says what
 * follows from a failure, so its errors are warnings here and the rest is dropped unless debug is on.
 */
export const kafkaLogCreator: logCreator = () => {
  const logger = new Logger('Kafka');
  return ({ level, log, namespace }) => {
    const line = `${namespace}: ${log.message}${typeof log['error'] === 'string' ? ` (${log['error']})` : ''}`;
    if (level === levels.error || level === levels.warn) logger.warn(line);
    else logger.debug(line);
  };
};
