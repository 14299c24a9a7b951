import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type AppError, deadlineHeader } from '@nest-arch/platform';
import type { Dispatcher } from 'undici';
import { isConnectionFailure, toProxyError } from './failures.js';
import { proxyErrors } from './proxies.errors.js';
import type { Waiter } from './upstream.js';

/** The request as the service gets it. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: string[];
  readonly body: Buffer | null;
}

/** Where an exchange gets its connection. */
export interface Lane {
  readonly pool: Dispatcher;
  admit(waiter: Waiter): boolean;
  release(waiter: Waiter): void;
}

export interface ExchangeParts {
  readonly lane: Lane;
  readonly request: UpstreamRequest;
  readonly response: ServerResponse;
  readonly deadlineMs: number;
  /** True where the deadline ends with the first byte of the answer. */
  readonly endless?: boolean;
  /** The answer begins: the headers it has for the caller. Flat, name and value by turns. */
  answer(status: number, upstream: IncomingHttpHeaders): string[];
  /** There is no answer; called at most once, and never after `answer`. */
  fail(error: AppError): void;
  /** Everything is over, well or not. */
  settled?(): void;
}

// Made once: an error takes its stack with it, and every exchange ends by one of these.
const unwanted = new Error('No longer wanted');

type State = 'new' | 'waiting' | 'sent' | 'answering' | 'done';

/**
 * One request to a service and its answer back to the caller, chunk by chunk with back-pressure. Written against
 * undici's dispatch interface: no stream and no promise per request on the way that everything takes.
 */
export class Exchange implements Dispatcher.DispatchHandler, Waiter {
  private state: State = 'new';
  private attempts = 0;
  private controller: Dispatcher.DispatchController | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly deadlineAt: number;

  constructor(private readonly parts: ExchangeParts) {
    this.deadlineAt = performance.now() + parts.deadlineMs;
    this.timer = setTimeout(() => this.expire(), parts.deadlineMs);
    parts.response.on('close', () => this.end());
  }

  start(): void {
    this.state = 'waiting';
    if (this.parts.lane.admit(this)) return;
    this.state = 'new';
    this.fail(proxyErrors.busy(undefined, { retryAfterSeconds: 1 }));
  }

  /** Ends the exchange from our side; an answer under way is cut off cleanly. */
  stop(): void {
    if (this.state === 'answering') this.parts.response.end();
    this.end();
  }

  begin(): void {
    const { lane, request } = this.parts;
    this.state = 'sent';
    this.attempts += 1;
    const leftMs = Math.max(1, Math.ceil(this.deadlineAt - performance.now()));
    lane.pool.dispatch({ ...request, headers: [...request.headers, deadlineHeader, String(leftMs)] }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.state === 'done') controller.abort(unwanted);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Interim answers (RFC 9110 section 15.2) are between the service and us.
    if (status < 200 || this.state !== 'sent') return;
    this.parts.response.writeHead(status, this.parts.answer(status, headers));
    this.state = 'answering';
    if (!this.parts.endless) return;
    clearTimeout(this.timer);
    this.parts.response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state !== 'answering') return;
    const { response } = this.parts;
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    if (this.state !== 'answering') return;
    this.parts.response.end();
    this.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.state === 'done') return;
    // Half an answer: cut the connection, so that nobody takes it for a whole one.
    if (this.state === 'answering') return this.cut();
    if (this.mayRepeat() && isConnectionFailure(error)) return this.begin();
    this.fail(toProxyError(error));
  }

  private mayRepeat(): boolean {
    const { method } = this.parts.request;
    return this.attempts < 2 && (method === 'GET' || method === 'HEAD');
  }

  private expire(): void {
    if (this.state === 'answering') this.cut();
    else this.fail(proxyErrors.upstreamTimeout());
  }

  private cut(): void {
    this.parts.response.destroy();
    this.end();
  }

  private fail(error: AppError): void {
    this.end();
    this.parts.fail(error);
  }

  private end(): void {
    const { state } = this;
    if (state === 'done') return;
    this.state = 'done';
    clearTimeout(this.timer);
    if (state !== 'new') this.parts.lane.release(this);
    // Of no effect where the answer is complete.
    this.controller?.abort(unwanted);
    this.parts.settled?.();
  }
}
