export * from './idempotency.js';
export * from './idempotency.migrations.js';
export * from './idempotency.module.js';
export { sweepAnswers } from './idempotency.queries.js';
