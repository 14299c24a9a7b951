import { type Tx, execute } from '@nest-arch/database';

/**
 * An id that stands for an address that belongs to nobody: what is done for a user is done for it too, at the same cost,
 * and the audit log can count tries at one unknown address. UUIDv8, so it never meets a user's id.
 */
export function standInId(identifierHash: Buffer): string {
  const bytes = Buffer.from(identifierHash.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Stands where another branch has statements: the number of round trips before an answer must not tell them apart. */
export async function keepPace(tx: Tx, statements = 1): Promise<void> {
  for (let done = 0; done < statements; done += 1) await execute(tx, 'select 1');
}
