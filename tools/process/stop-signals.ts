/**
 * Calls `stop` once, at the first SIGINT, SIGTERM or SIGHUP, or when the process that started us is gone. A terminal's
 * Ctrl-C arrives twice, from the terminal and from npm; a signal more than a second later ends at once.
 */
export function onStop(stop: (reason: string) => void): void {
  let first = 0;
  const request = (reason: string) => {
    if (first === 0) {
      first = Date.now();
      stop(reason);
    } else if (Date.now() - first > 1_000) {
      process.exit(130); // the watchdog stops the rest
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => request(name));
  process.on('disconnect', () => {
    if (first === 0) request('the starting process is gone');
  });
  // Listening must not keep a command alive that has done its work.
  process.channel?.unref();
  // The terminal may be gone as well.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
