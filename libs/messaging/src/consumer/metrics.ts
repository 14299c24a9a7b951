import { Counter, Gauge, Histogram, register } from 'prom-client';

// prom-client refuses a second metric of one name, and tests run several servers in a process.
function once<M>(name: string, make: () => M): M {
  return (register.getSingleMetric(name) as M | undefined) ?? make();
}

const group = 'group';

export const consumerMetrics = {
  records: once(
    'events_consumed_total',
    () =>
      new Counter({
        name: 'events_consumed_total',
        help: 'Records whose offset may move, by what became of them',
        labelNames: [group, 'type', 'outcome'],
      }),
  ),
  failures: once(
    'events_failures_total',
    () =>
      new Counter({
        name: 'events_failures_total',
        help: 'Failed tries of a handler',
        labelNames: [group, 'type', 'kind'],
      }),
  ),
  seconds: once(
    'events_handler_seconds',
    () =>
      new Histogram({
        name: 'events_handler_seconds',
        help: 'From the begin of the transaction to its commit',
        labelNames: [group, 'type'],
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10],
      }),
  ),
  delay: once(
    'events_delay_seconds',
    () =>
      new Histogram({
        name: 'events_delay_seconds',
        help: 'From the arrival in Kafka to the committed effect',
        labelNames: [group],
        buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 300],
      }),
  ),
  lost: once(
    'events_lost_total',
    () =>
      new Counter({
        name: 'events_lost_total',
        help: 'Records that Kafka deleted before the group had read them',
        labelNames: [group, 'topic'],
      }),
  ),
  refused: once(
    'events_refused',
    () =>
      new Gauge({
        name: 'events_refused',
        help: '1 while the group must not read: topics missing or wrong, or its next record gone',
        labelNames: [group],
      }),
  ),
  waiting: once(
    'events_waiting_partitions',
    () =>
      new Gauge({
        name: 'events_waiting_partitions',
        help: 'Partitions that wait for something else to be well again',
        labelNames: [group],
      }),
  ),
};
