import type { Pool } from 'pg';
import { Counter, Gauge, Histogram } from 'prom-client';

const pools = new Map<Pool, string>();

/** Shows this pool in the gauges until the answered function is called. */
export function watchPool(pool: Pool, name: string): () => void {
  pools.set(pool, name);
  return () => pools.delete(pool);
}

const connections = new Gauge({
  name: 'database_pool_connections',
  help: 'Open connections of the pool',
  labelNames: ['pool', 'state'],
  collect: () => {
    connections.reset();
    for (const [pool, name] of pools) {
      connections.inc({ pool: name, state: 'idle' }, pool.idleCount);
      connections.inc({ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount);
    }
  },
});

const waiting = new Gauge({
  name: 'database_pool_waiting',
  help: 'Callers waiting for a connection',
  labelNames: ['pool'],
  collect: () => {
    waiting.reset();
    for (const [pool, name] of pools) waiting.inc({ pool: name }, pool.waitingCount);
  },
});

export const statementSeconds = new Histogram({
  name: 'database_statement_seconds',
  help: 'Time from sending a statement to its last row',
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
});

export const transactions = new Counter({
  name: 'database_transactions_total',
  help: 'Ended transactions',
  labelNames: ['outcome'],
});
