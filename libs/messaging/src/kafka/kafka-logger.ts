import { Logger } from '@nestjs/common';
import type { logCreator } from 'kafkajs';

/**
 * kafkajs reports every lost connection as an error on each of its attempts, several lines a second while a broker is
 * away. What follows from a failure is said once by those who use the client, so its own lines are for debugging.
 */
export const kafkaLogCreator: logCreator = () => {
  const logger = new Logger('Kafka');
  return ({ log, namespace }) => {
    const reason = typeof log['error'] === 'string' ? ` (${log['error']})` : '';
    logger.debug(`${namespace}: ${log.message}${reason}`);
  };
};
