import { Counter, Gauge, register } from 'prom-client';

// prom-client refuses a second metric of one name, and tests run several relays in a process.
function counter(name: string, help: string, labelNames: string[] = []): Counter {
  return (register.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, labelNames });
}

function gauge(name: string, help: string): Gauge {
  return (register.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help });
}

export const relayMetrics = {
  published: counter('outbox_published_total', 'Events that Kafka acknowledged'),
  failures: counter('outbox_failures_total', 'Rounds of the relay that failed and were put off'),
  buried: counter('outbox_dead_letters_total', 'Rows moved to outbox_dead_letters', ['reason']),
  leaseChanges: counter('outbox_lease_changes_total', 'Buckets taken, released or lost', ['kind']),
  pending: gauge('outbox_pending_rows', 'Rows that wait in the outbox, counted up to 100000'),
  oldest: gauge('outbox_oldest_age_seconds', 'Age of the oldest row in the outbox'),
};
