import type { INestApplicationContext } from '@nestjs/common';

/** A verb of `npm run events` that needs one service's database and code. */
export interface AppCommand {
  /** One line: the verb and its arguments. */
  usage: string;
  /** Answers the exit code. What it prints goes to standard output, a refusal to standard error. */
  run(app: INestApplicationContext, args: string[]): Promise<number>;
}
