import { describe, expect, it } from '@jest/globals';
import { passwordLength } from './password-text.js';
import { WorkQueue } from './work-queue.js';

describe('password length', () => {
  it('counts code points after NFKC', () => {
    expect(passwordLength('𝒑𝒂𝒔𝒔')).toBe(4);
    expect(passwordLength('ﬁ')).toBe(2);
    expect(passwordLength('e\u0301')).toBe(1);
  });
});

describe('work queue', () => {
  it('runs so many at a time, lets so many wait, and turns the rest away', async () => {
    const queue = new WorkQueue({ concurrency: 2, maxWaiting: 3 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
    };
    const results = Array.from({ length: 8 }, () => queue.run(work));

    expect(results.map((result) => result !== null)).toEqual([
      ...Array(5).fill(true),
      ...Array(3).fill(false),
    ]);
    await Promise.all(results);
    expect(most).toBe(2);
    expect(queue.waitingCount).toBe(0);
    expect(queue.run(work)).not.toBeNull();
  });

  it('goes on after a failure', async () => {
    const queue = new WorkQueue({ concurrency: 1, maxWaiting: 1 });
    const failing = queue.run(() => Promise.reject(new Error('no')));
    const next = queue.run(async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });
});
