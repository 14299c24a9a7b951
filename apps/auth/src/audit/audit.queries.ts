import { type Tx, execute, uuidv7 } from '@nest-arch/database';
import { currentTraceId } from '@nest-arch/platform';

export type AuditAction =
  | 'registration.started'
  | 'registration.repeated'
  | 'registration.address_taken'
  | 'verification.resent'
  | 'verification.completed'
  | 'verification.password_mismatch'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'session.ended'
  | 'sessions.ended'
  | 'session.token_reused'
  | 'roles.changed';

export interface AuditRecord {
  userId: string;
  action: AuditAction;
  /** `user`, `anonymous`, `cli`, or `admin:<user id>`. */
  actor: string;
  /** Ids, codes and reasons; never a secret or an address. */
  details?: Record<string, unknown>;
}

/** Notes a security-relevant act in the transaction that does it. */
export function recordAudit(tx: Tx, { userId, action, actor, details = {} }: AuditRecord): Promise<number> {
  return execute(
    tx,
    `insert into audit_log (user_id, audit_id, action, actor, trace_id, details) values ($1, $2, $3, $4, $5, $6)`,
    [userId, uuidv7(), action, actor, currentTraceId(), JSON.stringify(details)],
  );
}
