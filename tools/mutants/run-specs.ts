import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../process/paths.ts';
import { mutantVariable } from './mutate.ts';

interface JestResult {
  success: boolean;
  numPassedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

export interface SpecsResult {
  /** The first test that failed, as `file: name`; undefined when all passed. */
  failure: string | undefined;
  /** What it says, shortened: a test that only ran out of time has noticed nothing. */
  message: string;
  seconds: number;
}

/** Runs the specs under the mutant, or without one. Throws when they could not run at all, which is no verdict. */
export async function runSpecs(
  specs: readonly string[],
  { mutant, tests, timeoutMs }: { mutant?: string; tests?: string | undefined; timeoutMs: number },
): Promise<SpecsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-mutant-'));
  const output = join(folder, 'result.json');
  const started = performance.now();
  try {
    const ended = await jest(
      [
        '--json',
        `--outputFile=${output}`,
        '--forceExit',
        '--testPathPatterns',
        specs.join('|'),
        ...(tests === undefined ? [] : ['--testNamePattern', tests]),
      ],
      { timeoutMs, env: mutant === undefined ? {} : brokenBy(mutant) },
    );
    const seconds = (performance.now() - started) / 1000;
    // A mutant that makes a spec hang is noticed as well.
    if (ended === 'timeout') return { failure: `no end within ${timeoutMs / 1000} s`, message: '', seconds };
    return { ...failureIn(JSON.parse(readFileSync(output, 'utf8')) as JestResult), seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function failureIn(result: JestResult): Pick<SpecsResult, 'failure' | 'message'> {
  for (const suite of result.testResults) {
    const failed = suite.assertionResults.find(({ status }) => status === 'failed');
    if (!failed) continue;
    const message = stripVTControlCharacters(failed.failureMessages[0] ?? '')
      .split('\n    at ')[0]
      ?.replaceAll(/\s+/g, ' ');
    return {
      failure: `${relative(root, suite.name)}: ${failed.fullName}`,
      message: message?.slice(0, 300) ?? '',
    };
  }
  if (result.numRuntimeErrorTestSuites > 0)
    throw new Error(
      `a spec could not be loaded:\n${result.testResults.map(({ message }) => message).join('\n')}`,
    );
  if (!result.success || result.numPassedTests === 0) throw new Error('no spec ran');
  return { failure: undefined, message: '' };
}

/** For Jest's own transform, and for the processes that specs start. */
function brokenBy(mutant: string): NodeJS.ProcessEnv {
  return {
    [mutantVariable]: mutant,
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${join(root, 'tools/mutants/children.mjs')}`,
  };
}

function jest(
  args: string[],
  { env, timeoutMs }: { env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<'ended' | 'timeout'> {
  return new Promise((resolve, reject) => {
    const command = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const child = spawn(
      process.execPath,
      [...command, join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--maxWorkers=2', ...args],
      { cwd: root, stdio: 'ignore', env: { ...process.env, ...env } },
    );
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve('timeout');
    }, timeoutMs);
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve('ended');
    });
  });
}
