import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..', '..');

/** A project of somebody else, outside the workspace, that has installed the packed contracts. */
export class Stranger {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Stranger> {
    const folder = mkdtempSync(join(tmpdir(), 'stranger-'));
    const contracts = join(folder, 'node_modules', '@nest-arch', 'contracts');
    mkdirSync(contracts, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'stranger', type: 'module', private: true }),
    );
    const tarball = await pack(folder);
    await execute('tar', ['-xzf', tarball, '-C', contracts, '--strip-components=1']);
    // What an install would fetch, without a network. Types and sources of the workspace stay out of reach.
    for (const name of ['zod', 'kafkajs'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    return new Stranger(folder);
  }

  /** Copies a file of this folder into the project. */
  add(name: string): void {
    cpSync(join(import.meta.dirname, name), join(this.folder, name));
  }

  /** Runs Node in the project; answers what it prints. */
  async node(args: string[], env: Record<string, string> = {}): Promise<string> {
    // Nothing of ours in the environment but the way to Node.
    const options = { cwd: this.folder, env: { PATH: process.env['PATH'], ...env }, timeout: 30_000 };
    return (await execute(process.execPath, args, options)).stdout;
  }

  /** Answers the compiler's complaints about a file, or nothing. */
  async compile(name: string): Promise<string> {
    // Checking zod's own declarations would take seconds; a type of ours that is missing shows without that.
    const libraries = ['--skipLibCheck', '--lib', 'es2023'];
    const options = [...libraries, '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
    return this.node([join(root, 'node_modules/typescript/bin/tsc'), ...options, name]).catch(
      (error: { stdout?: string }) => error.stdout ?? String(error),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What `npm publish` would send. The build has run already. */
async function pack(into: string): Promise<string> {
  const npm = ['pack', '--ignore-scripts', '--json', '--offline', '--pack-destination', into];
  const { stdout } = await execute('npm', npm, { cwd: join(root, 'libs/contracts') });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  return join(into, packed?.filename ?? dirname(into));
}
