import type { Db } from '@nest-arch/database';
import { Counter, Gauge, Histogram } from 'prom-client';
import { countUnsettled } from './deliveries.queries.js';

const databases = new Set<Db>();

/** Shows this database's deliveries in the gauge until the answered function is called. */
export function watchDeliveries(db: Db): () => void {
  databases.add(db);
  return () => databases.delete(db);
}

const unsettled = new Gauge({
  name: 'notification_deliveries',
  help: 'Deliveries that are not settled, by state; at most 100,000',
  labelNames: ['state'],
  collect: async () => {
    unsettled.reset();
    for (const state of ['pending', 'awaiting_contact', 'sending']) unsettled.set({ state }, 0);
    for (const db of databases) {
      // A database that is away must not take the other metrics with it.
      const rows = await countUnsettled(db).catch(() => []);
      for (const { state, count } of rows) unsettled.inc({ state }, count);
    }
  },
});

export const mailMetrics = {
  settled: new Counter({
    name: 'notification_deliveries_settled_total',
    help: 'Attempts by what became of them',
    labelNames: ['type', 'outcome'],
  }),
  latency: new Histogram({
    name: 'notification_mail_latency_seconds',
    help: 'From the event to the mail server having accepted the mail',
    labelNames: ['type'],
    buckets: [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300, 3600],
  }),
  challengesDropped: new Counter({
    name: 'notification_challenges_dropped_total',
    help: 'Challenges that had expired when they arrived',
    labelNames: ['purpose'],
  }),
};
