import { expect, it } from '@jest/globals';
import { periodOf } from './period.js';

const now = new Date('2026-03-01T23:59:59.999Z');

it('is the last thirty days, today included', () => {
  expect(periodOf({}, now)).toEqual({ from: '2026-01-31', to: '2026-03-01' });
});

it.each([
  [{ to: '1970-01-10' }, { from: '1970-01-01', to: '1970-01-10' }],
  [{ to: '2026-01-30' }, { from: '2026-01-01', to: '2026-01-30' }],
  [{ from: '2026-02-20' }, { from: '2026-02-20', to: '2026-03-01' }],
  [
    { from: '2024-02-29', to: '2024-02-29' },
    { from: '2024-02-29', to: '2024-02-29' },
  ],
  [
    { from: '2024-01-01', to: '2024-12-31' },
    { from: '2024-01-01', to: '2024-12-31' },
  ],
])('of %j is %j', (query, period) => {
  expect(periodOf(query, now)).toEqual(period);
});

it.each([
  [{ from: '2026-03-02', to: '2026-03-01' }],
  [{ from: '2026-03-02' }],
  [{ from: '2024-01-01', to: '2025-01-01' }],
])('of %j is refused', (query) => {
  expect(() => periodOf(query, now)).toThrow(expect.objectContaining({ code: 'analytics.invalid_period' }));
});
