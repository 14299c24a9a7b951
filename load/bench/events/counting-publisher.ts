import { Publisher } from '@nest-arch/messaging';

type Send = Publisher['send'];

/** Knows how many records Kafka has acknowledged. */
export class CountingPublisher extends Publisher {
  acknowledged = 0;
  private waiting: { count: number; done: () => void } | undefined;

  override async send(...args: Parameters<Send>): ReturnType<Send> {
    const answer = await super.send(...args);
    this.acknowledged += args[0].length;
    if (this.waiting && this.acknowledged >= this.waiting.count) this.waiting.done();
    return answer;
  }

  /** Resolves when so many have been acknowledged in all. */
  sentAtLeast(count: number): Promise<void> {
    if (this.acknowledged >= count) return Promise.resolve();
    return new Promise((done) => (this.waiting = { count, done }));
  }
}
