import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from './progress.mjs';

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: string[] }} LockEntry */

/**
 * True when node_modules is what package-lock.json says, and the packaged Node is there.
 * @param {string} root
 */
export function isInstalled(root) {
  if (!existsSync(packagedNode(root))) return false;
  const marker = markerOf(root);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lockHash(root)) return true;
  if (!matchesHiddenLock(root)) return false;
  writeFileSync(marker, lockHash(root)); // installed by hand, for example by npm install
  return true;
}

/** @param {string} root */
export async function install(root) {
  if (!existsSync(join(root, 'package-lock.json'))) {
    throw new StepError('package-lock.json is missing', 'restore it: git checkout -- package-lock.json');
  }
  // NODE_ENV=production would leave out the engines and the compiler.
  await npm(root, ['ci', '--include=dev', '--no-audit', '--no-fund']);
  if (!existsSync(packagedNode(root))) {
    // Its binary comes by an install script, which some npm settings forbid.
    await npm(root, ['rebuild', 'node', '--ignore-scripts=false']);
  }
  if (!existsSync(packagedNode(root))) {
    throw new StepError(
      'the npm package "node" has no binary for this machine',
      'allow install scripts (npm config get ignore-scripts) and run: npm ci',
    );
  }
  writeFileSync(markerOf(root), lockHash(root));
}

/**
 * The Node 24 of the npm package `node`, on which everything runs.
 * @param {string} root
 */
export function packagedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** @param {string} root */
const markerOf = (root) => join(root, 'node_modules', '.nest-arch-lock');

/** @param {string} root */
function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/**
 * npm keeps its own record of what is installed; equal entries need no `npm ci`, which would remove everything first.
 * @param {string} root
 */
function matchesHiddenLock(root) {
  try {
    const wanted = packagesOf(join(root, 'package-lock.json'));
    const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
    return Object.entries(wanted).every(([path, entry]) => {
      if (!path.includes('node_modules/')) return true;
      if (entry.link) return existsSync(join(root, path)); // one of our own packages
      const found = present[path];
      if (!found) return entry.optional === true;
      return found.version === entry.version && found.integrity === entry.integrity;
    });
  } catch {
    return false;
  }
}

/**
 * @param {string} file
 * @returns {Record<string, LockEntry>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * @param {string} root
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function npm(root, args) {
  // Under `npm start` this is the npm that runs us, also where no `npm` is in PATH.
  const cli = process.env.npm_execpath;
  const [command, first] = cli && cli.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command === 'npm' && process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) =>
      reject(new StepError(error.message, 'install Node.js 20 or newer with npm')),
    );
    child.once('close', (code) => {
      if (code === 0) return resolve();
      const tail = output.trim().split('\n').slice(-15).join('\n');
      reject(
        new StepError(
          `npm ${args[0]} ended with ${code}\n${tail}`,
          'check the network and the disk, then run: npm ci',
        ),
      );
    });
  });
}
