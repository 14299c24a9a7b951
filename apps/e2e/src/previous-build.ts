import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../tools/process/paths.ts';

/**
 * Builds the commit before this one in a folder of its own, on the packages that are installed here, and answers the
 * folder; null where history is missing, as in a shallow clone.
 */
export function previousBuild(): string | null {
  const commit = previousCommit();
  if (!commit) return null;
  const folder = mkdtempSync(join(tmpdir(), 'nest-arch-previous-'));
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x'], { cwd: folder, input: archive });
  linkPackages(folder);
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    cwd: folder,
    stdio: 'pipe',
  });
  return folder;
}

function previousCommit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--verify', '--quiet', 'HEAD~1'], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  } catch {
    return null;
  }
}

/** Third parties from here, our own libraries from there. */
function linkPackages(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@nest-arch'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@nest-arch' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const kind of ['libs', 'apps']) {
    for (const name of readdirSync(join(folder, kind))) {
      symlinkSync(join(folder, kind, name), join(modules, '@nest-arch', name));
    }
  }
}
