import type { AppCommand } from './app-command.js';

/** The verbs that every service with messaging understands. */
export const commands: Readonly<Record<string, AppCommand>> = {};
