// Steps that people can watch. Plain JavaScript: it runs before anything is installed, on Node 20.
import { stdout } from 'node:process';

/** A failure that knows what to do about it. */
export class StepError extends Error {
  /**
   * @param {string} reason
   * @param {string} remedy
   */
  constructor(reason, remedy) {
    super(reason);
    this.remedy = remedy;
  }
}

const paint = (/** @type {number} */ colour) => (/** @type {string} */ text) =>
  stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${colour}m${text}\x1b[0m` : text;
export const green = paint(32);
export const red = paint(31);
export const yellow = paint(33);
export const dim = paint(2);
export const bold = paint(1);

/** How long a step may be silent where no line can be rewritten. */
const patienceMs = 5_000;

export class Progress {
  /** @param {{ quiet?: boolean }} [options] */
  constructor({ quiet = false } = {}) {
    this.quiet = quiet;
    /** @type {Map<string, number>} */
    this.running = new Map();
    this.startedAt = Date.now();
    this.statusShown = false;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
  }

  /**
   * Runs one step and says when it is done, how long it took, or why it failed.
   * @template T
   * @param {string} name
   * @param {() => T | Promise<T>} work
   * @param {{ remedy?: string, done?: (result: T) => string }} [options]
   * @returns {Promise<T>}
   */
  async step(name, work, { remedy, done } = {}) {
    const startedAt = Date.now();
    this.#begin(name);
    try {
      const result = await work();
      this.#end(name);
      this.line(`${green('✓')} ${done?.(result) ?? name}  ${dim(seconds(startedAt))}`);
      return result;
    } catch (error) {
      this.#end(name);
      throw asStepError(name, error, remedy);
    }
  }

  /** @param {string} text */
  line(text) {
    if (this.quiet) return;
    this.#clearStatus();
    stdout.write(`${text}\n`);
    this.#showStatus();
  }

  /** @param {string} name */
  #begin(name) {
    this.running.set(name, Date.now());
    if (this.quiet) return;
    this.timer ??= setInterval(() => this.#tick(), 200).unref();
    this.#showStatus();
  }

  /** @param {string} name */
  #end(name) {
    this.running.delete(name);
    this.#clearStatus();
    if (this.running.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  #tick() {
    if (this.quiet) return;
    if (stdout.isTTY) {
      this.#clearStatus();
      this.#showStatus();
      return;
    }
    for (const [name, at] of this.running) {
      if (Date.now() - at < patienceMs) continue;
      stdout.write(`… ${name}\n`);
      this.running.set(name, Date.now() + 3 * patienceMs);
    }
  }

  #showStatus() {
    if (!stdout.isTTY || this.quiet || this.running.size === 0) return;
    const text = `… ${[...this.running.keys()].join(', ')}  ${seconds(this.startedAt)}`;
    stdout.write(dim(text.slice(0, (stdout.columns || 80) - 1)));
    this.statusShown = true;
  }

  #clearStatus() {
    if (this.statusShown) stdout.write('\r\x1b[2K');
    this.statusShown = false;
  }
}

/** @param {number} since */
export function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Names the step, the reason and the remedy.
 * @param {unknown} error
 */
export function explain(error) {
  if (!(error instanceof Error)) return red(`✗ ${String(error)}`);
  const remedy = error instanceof StepError ? `\n  ${bold('What to do:')} ${error.remedy}` : '';
  return `${red(`✗ ${error.message}`)}${remedy}`;
}

/**
 * @param {string} name
 * @param {unknown} error
 * @param {string} [remedy]
 */
function asStepError(name, error, remedy) {
  const reason = error instanceof Error ? error.message : String(error);
  const own = error instanceof StepError ? error.remedy : undefined;
  const advice =
    own ??
    remedy ??
    'run the command again; if it fails in the same way, begin anew with npm start -- --fresh';
  return new StepError(reason.startsWith(`${name}: `) ? reason : `${name}: ${reason}`, advice);
}
