// The door of every npm script: node tools/bootstrap.mjs <command> [arguments]
// Runs on any Node from 20 on, installs what is missing, and hands over to the command on the packaged Node 24.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(
    `✗ This is Node ${process.versions.node}.\n  What to do: install Node.js 20 or newer (https://nodejs.org).`,
  );
  process.exit(1);
}

const { Progress, explain, StepError } = await import('./bootstrap/progress.mjs');
const { holderOf } = await import('./bootstrap/lock.mjs');
const { install, isInstalled, packagedNode } = await import('./bootstrap/install.mjs');

/** Commands whose code lies elsewhere; the others are tools/commands/<name>.ts. */
const elsewhere = new Map([
  ['bench', 'load/bench/main.ts'],
  ['docs', 'tools/docs/generate.ts'],
]);

/** @param {string} name */
function entryOf(name) {
  const path = elsewhere.get(name) ?? `tools/commands/${name}.ts`;
  if (/^[\w-]+$/.test(name) && existsSync(join(root, path))) return path;
  throw new StepError(`there is no command "${name}"`, 'npm run lists the commands of this checkout');
}

async function prepare() {
  if (isInstalled(root)) return;
  const holder = await holderOf(join(root, '.data'));
  if (holder) {
    throw new StepError(
      `package-lock.json has changed while the platform runs (process ${holder.pid})`,
      'stop the platform, then run the command again: the packages are replaced as a whole',
    );
  }
  const progress = new Progress();
  await progress.step('Installing packages (npm ci)', () => install(root), {
    done: () => 'Packages installed',
  });
}

/**
 * @param {string} entry
 * @param {string[]} args
 */
function handOver(entry, args) {
  const node = packagedNode(root);
  const child = spawn(node, [join(root, entry), ...args], {
    // The channel tells the command when this process is gone, however it died.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
  });
  child.once('error', (error) =>
    fail(new StepError(error.message, 'remove node_modules and run the command again')),
  );
  // From a terminal the command gets the signal as well; it takes two in a row for one.
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(name, () => child.kill(name));
  child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
  watchNpm(() => child.disconnect());
}

/**
 * npm does not take its children along when it is killed; then our parent, or that of the shell between npm and us,
 * becomes another process.
 * @param {() => void} orphaned
 */
function watchNpm(orphaned) {
  if (!process.env.npm_lifecycle_event) return;
  const started = ancestry();
  const timer = setInterval(() => {
    if (ancestry() === started) return;
    clearInterval(timer);
    orphaned();
  }, 500);
  timer.unref();
}

function ancestry() {
  const parent = process.ppid;
  try {
    // "pid (name) state ppid …"
    const [, name, grandparent] =
      /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${parent}/stat`, 'latin1')) ?? [];
    return name?.endsWith('sh') ? `${parent} ${grandparent}` : `${parent}`;
  } catch {
    return `${parent}`; // not Linux: shells there replace themselves by the command
  }
}

/** @param {unknown} error */
function fail(error) {
  console.error(explain(error));
  process.exit(1);
}

try {
  const [name = 'start', ...args] = process.argv.slice(2);
  if (name === 'start' || name === 'dev') {
    const holder = await holderOf(join(root, '.data'));
    if (holder) {
      console.log(`The platform already runs here (process ${holder.pid}); nothing was changed.`);
      console.log('Its addresses are in .data/run.json.');
      process.exit(0);
    }
  }
  await prepare();
  handOver(entryOf(name), args);
} catch (error) {
  fail(error);
}
