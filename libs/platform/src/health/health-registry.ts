import { Injectable } from '@nestjs/common';

export type HealthKind = 'ready' | 'live';
export type HealthCheck = () => Promise<void> | void;

/**
 * Where parts of a process say how they are. A check throws when it is not well. `ready` decides whether traffic is
 * sent here, `live` whether the process is started anew: a neighbour that is away is never a reason for the latter.
 */
@Injectable()
export class HealthRegistry {
  private readonly checks: { name: string; kind: HealthKind; check: HealthCheck }[] = [];
  private draining = false;

  register(name: string, check: HealthCheck, kind: HealthKind): void {
    this.checks.push({ name, kind, check });
  }

  /** From now on not ready: SIGTERM has come. */
  drain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  of(kind: HealthKind): readonly { name: string; check: HealthCheck }[] {
    return this.checks.filter((entry) => entry.kind === kind);
  }
}
