import { Injectable } from '@nestjs/common';

/** Wakes the sender of this process. A signal given while nobody waits is kept for the next wait. */
@Injectable()
export class MailSignal {
  private signalled = false;
  private wake: (() => void) | undefined;

  notify(): void {
    this.signalled = true;
    this.wake?.();
  }

  /** Resolves at the signal, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.signalled) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = undefined;
    }
    this.signalled = false;
  }
}
