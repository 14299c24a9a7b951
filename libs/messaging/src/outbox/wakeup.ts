/** A latch: a signal given while nobody waits is kept for the next wait. */
export class Wakeup {
  private signalled = false;
  private release: (() => void) | undefined;

  signal(): void {
    this.signalled = true;
    this.release?.();
  }

  /** Resolves at the signal, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.signalled) await this.pause(ms);
    this.signalled = false;
  }

  /** Waits the whole time whatever is signalled, unless `interrupted` turns true. */
  async sleep(ms: number, interrupted: () => boolean): Promise<void> {
    const end = performance.now() + ms;
    for (let left = ms; left > 0 && !interrupted(); left = end - performance.now()) await this.pause(left);
  }

  private pause(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const { release } = this;
      function done() {
        clearTimeout(timer);
        resolve();
      }
      this.release = () => {
        release?.();
        done();
      };
    }).then(() => {
      this.release = undefined;
    });
  }
}
