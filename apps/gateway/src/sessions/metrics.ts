import { Counter, Gauge, register } from 'prom-client';

/** Age and size of what this process knows of revocations; the alert on its age is what tells that Kafka is silent. */
export function watchFeed(feed: { silentMs(): number; size(): number }): void {
  gauge(
    'gateway_revocation_silence_seconds',
    'Time since the broker last answered a fetch of revocations',
    () => feed.silentMs() / 1000,
  );
  gauge('gateway_revocations', 'Sessions and users with a revocation in memory', () => feed.size());
}

export const sessionChecks = new Counter({
  name: 'gateway_session_checks_total',
  help: 'Sessions looked up at auth because the revocation topic is silent',
  labelNames: ['outcome'],
});

/** A gauge that is read when it is asked for. The last registration wins, so that specs can start several gateways. */
export function gauge(name: string, help: string, read: () => number): void {
  register.removeSingleMetric(name);
  new Gauge({
    name,
    help,
    collect() {
      this.set(read());
    },
  });
}
