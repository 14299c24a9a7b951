import { createHash } from 'node:crypto';

// Each connection keeps a plan per name, so texts built at run time must not grow the server's memory without bound.
const maxTexts = 500;

/** Which statement texts are prepared, and under which name. The first 500 distinct texts get one. */
export class PreparedNames {
  private readonly names = new Map<string, string | undefined>();

  constructor(private readonly enabled: boolean) {}

  nameOf(sql: string): string | undefined {
    if (!this.enabled) return undefined;
    const known = this.names.get(sql);
    if (known !== undefined || this.names.has(sql) || this.names.size >= maxTexts) return known;
    const name = createHash('sha256').update(sql).digest('base64url').slice(0, 22);
    this.names.set(sql, name);
    return name;
  }

  /** From now on this text is sent unprepared: its plan on some connection no longer fits. */
  forget(sql: string): void {
    this.names.set(sql, undefined);
  }
}
