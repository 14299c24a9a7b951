import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@nest-arch/contracts';
import { waitFor } from '@nest-arch/testing';
import { register } from 'prom-client';
import { messagingSpec } from '../../test/support.js';
import { ClockSkew } from './clock-skew.js';
import { Publisher } from './publisher.js';

const gauge = async () => (await register.getSingleMetric('clock_skew_seconds')?.get())?.values[0]?.value;

describe('the comparison of clocks', () => {
  it('bears 30 seconds either way, and no more', () => {
    const clock = new ClockSkew();
    clock.assertSmall();
    for (const brokerMs of [1_000_000 - 29_000, 1_000_000 + 29_000]) {
      clock.observe({ before: 1_000_000, after: 1_000_000, brokerMs });
      clock.assertSmall();
    }
    for (const [brokerMs, seconds] of [
      [1_000_000 - 31_000, 31],
      [1_000_000 + 31_000, -31],
    ] as const) {
      clock.observe({ before: 1_000_000, after: 1_000_000, brokerMs });
      expect(() => clock.assertSmall()).toThrow(`differs from the broker's by ${seconds} s`);
    }
    clock.observe({ before: 1_000_000, after: 1_000_000, brokerMs: 1_000_000 });
    clock.assertSmall();
  });

  it('takes a broker that was slow for no wrong clock', () => {
    const clock = new ClockSkew();
    clock.observe({ before: 1_000_000, after: 1_120_000, brokerMs: 1_119_000 });
    clock.assertSmall();
    clock.observe({ before: 1_000_000, after: 1_120_000, brokerMs: 1_001_000 });
    clock.assertSmall();
  });
});

describe('a publisher', () => {
  let spec: Awaited<ReturnType<typeof messagingSpec>>;
  beforeAll(async () => {
    spec = await messagingSpec({ topics: [topics.userEvents] });
  });
  afterAll(() => spec.drop());

  it('learns the time of the broker with every record that it takes', async () => {
    const clock = new ClockSkew();
    const { brokers, prefix: topicPrefix } = spec;
    const publisher = new Publisher({ brokers, clientId: 'spec', topicPrefix, clock });
    clock.observe({ before: 0, after: 0, brokerMs: 60_000 });
    expect(() => clock.assertSmall()).toThrow();
    expect(await gauge()).toBe(-60);
    const record = { topic: topics.userEvents.name, key: 'k', value: '{}', headers: {} };
    await waitFor(() => publisher.send([record]));
    clock.assertSmall();
    expect(Math.abs((await gauge()) ?? 99)).toBeLessThan(5);
    await publisher.close();
  });
});
