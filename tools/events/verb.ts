/** What each file tools/events/<verb>.ts exports. */
export interface EventsVerb {
  /** Printed when the arguments make no sense; its first line is the command's form. */
  usage: string;
  /** Resolves with the exit code: 0 done, 1 failed, 2 wrong arguments. */
  run(args: string[]): Promise<number>;
}
