import { Counter, Gauge, register } from 'prom-client';

// prom-client refuses a second metric of one name, and tests run several services in a process.
function counter(name: string, help: string, labelNames: string[]): Counter {
  return (register.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, labelNames });
}

function gauge(name: string, help: string): Gauge {
  const labelNames = ['topic'];
  return (register.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help, labelNames });
}

export const stateMetrics = {
  heartbeats: counter('state_heartbeats_total', 'Heartbeat records written to state topics', ['topic']),
  repairs: counter('state_repairs_total', 'Keys put right in a state topic: republished or tombstoned', [
    'topic',
    'kind',
  ]),
  compared: gauge('state_compared_keys', 'Rows that the last comparison of topic and table has looked at'),
  unknown: gauge('state_unknown_keys', 'Keys with a value in the topic that the table does not have'),
  ahead: gauge('state_ahead_keys', 'Keys whose record in the topic is newer than the row in the table'),
  comparedAt: gauge('state_compared_timestamp_seconds', 'When the last comparison ended'),
  snapshot: counter('state_snapshot_rows_total', 'Rows announced anew by snapshots', ['topic']),
};
