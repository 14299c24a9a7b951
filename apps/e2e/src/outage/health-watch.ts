import type { Platform } from '../../../../tools/platform/platform.ts';

const everyMs = 500;

/** What every process said of itself, twice a second. */
export class HealthWatch {
  /** `<service> <page>: <verdict>` of each answer that was not 200. */
  readonly complaints: string[] = [];
  polls = 0;
  private going = true;
  private readonly running: Promise<unknown>;

  constructor(private readonly platform: Platform) {
    this.running = this.watch();
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.running;
  }

  /** Complaints about other pages than these. */
  except(...pages: string[]): string[] {
    return this.complaints.filter((line) => !pages.some((page) => line.startsWith(page)));
  }

  private async watch(): Promise<void> {
    while (this.going) {
      const pages = this.platform.services.flatMap(({ label, managementUrl }) =>
        ['ready', 'live'].map((page) => this.ask(`${label} ${page}`, `${managementUrl}/health/${page}`)),
      );
      await Promise.all(pages);
      this.polls += 1;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  private async ask(name: string, url: string): Promise<void> {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      const text = await answer.text();
      if (!answer.ok) this.complaints.push(`${name}: ${answer.status} ${text.slice(0, 300)}`);
    } catch (error) {
      this.complaints.push(`${name}: ${String(error)}`);
    }
  }
}
