import { expect, it } from '@jest/globals';
import { summarise } from './summary.ts';

const green = { success: true, numPassedTests: 3, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };

it('counts what passed and what failed', () => {
  expect(summarise(green, 0)).toEqual({ passed: 3, failed: 0 });
  expect(summarise({ ...green, success: false, numFailedTests: 2 }, 1)).toEqual({ passed: 3, failed: 2 });
});

it('counts a spec file that does not start as a failure', () => {
  expect(summarise({ ...green, success: false, numRuntimeErrorTestSuites: 1 }, 1)).toEqual({
    passed: 3,
    failed: 1,
  });
});

it('is not green without a result, without a test, or with an error after the tests', () => {
  expect(summarise(null, 1).failed).toBe(1);
  expect(summarise({ ...green, numPassedTests: 0 }, 0).failed).toBe(1);
  expect(summarise(green, 1).failed).toBe(1);
});
