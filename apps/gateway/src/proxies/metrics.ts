import { Counter, Gauge, register } from 'prom-client';
import type { Upstream } from './upstream.js';

export const proxyFailures = new Counter({
  name: 'gateway_proxy_failures_total',
  help: 'Requests that the gateway answered because the service behind them did not',
  labelNames: ['upstream', 'code'],
});

type Lanes = Readonly<Record<string, Upstream>>;

/** Requests at and before each service. The last registration wins, so that specs can start several gateways. */
export function watchLoad(calls: Lanes, streams: Lanes): void {
  const name = 'gateway_upstream_requests';
  register.removeSingleMetric(name);
  new Gauge({
    name,
    help: 'Requests that run at a service or wait for a connection to it',
    labelNames: ['upstream', 'state'],
    collect() {
      for (const [upstream, lane] of Object.entries(calls)) {
        this.set({ upstream, state: 'running' }, lane.load.running);
        this.set({ upstream, state: 'waiting' }, lane.load.waiting);
      }
      for (const [upstream, lane] of Object.entries(streams))
        this.set({ upstream, state: 'streaming' }, lane.load.running);
    },
  });
}
