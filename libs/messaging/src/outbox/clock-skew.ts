import { Gauge, register } from 'prom-client';

/** Beyond this, token times and expiries of this process are worth nothing. */
const maxSkewMs = 30_000;

const name = 'clock_skew_seconds';
const help = "This process's clock minus the broker's, as far as it is certain";
const gauge = (register.getSingleMetric(name) as Gauge | undefined) ?? new Gauge({ name, help });

/** How far this process's clock is from the broker's, by the last record that the broker stamped; kept while it is away. */
export class ClockSkew {
  private skewMs = 0;

  /**
   * The broker stamped a record some time between two readings of our clock. Only what lies outside of them counts: a slow
   * broker, or a process that stood still, is not a wrong clock.
   */
  observe({ before, after, brokerMs }: { before: number; after: number; brokerMs: number }): void {
    this.skewMs = Math.max(before - brokerMs, 0) + Math.min(after - brokerMs, 0);
    gauge.set(this.skewMs / 1000);
  }

  /** Throws when the clocks differ by more than 30 s. */
  assertSmall(): void {
    if (Math.abs(this.skewMs) > maxSkewMs)
      throw new Error(`The clock differs from the broker's by ${Math.round(this.skewMs / 1000)} s`);
  }
}
