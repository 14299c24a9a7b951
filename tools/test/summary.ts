/** What we read of Jest's JSON result. */
export interface JestResult {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  /** Spec files that could not even be loaded. */
  numRuntimeErrorTestSuites: number;
}

/**
 * Counts a spec file that did not start as one failure, and so also a run that ended without a result, without a single
 * test, or with an error after all tests.
 */
export function summarise(result: JestResult | null, exitCode: number): { passed: number; failed: number } {
  if (!result) return { passed: 0, failed: 1 };
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  const unexplained = failed === 0 && (exitCode !== 0 || !result.success || result.numPassedTests === 0);
  return { passed: result.numPassedTests, failed: unexplained ? 1 : failed };
}
