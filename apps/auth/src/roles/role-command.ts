import type { RoleOutcome, RolesService } from './roles.service.js';

export interface RoleCommand {
  command: 'grant' | 'revoke';
  email: string;
  role: string;
}

/** What a command says, and the status it exits with. */
export interface Said {
  text: string;
  exitCode: number;
}

export const roleUsage =
  'Usage: admin (grant|revoke) <email> <role>   (a role is lower case letters and _, such as admin)';

/** Null when the arguments are no command. */
export function parseRoleCommand([command, email, role]: string[]): RoleCommand | null {
  if (command !== 'grant' && command !== 'revoke') return null;
  if (!email || !role || !/^[a-z][a-z_]{1,31}$/.test(role)) return null;
  return { command, email, role };
}

export async function runRoleCommand(
  roles: Pick<RolesService, 'grant' | 'withdraw'>,
  { command, email, role }: RoleCommand,
): Promise<Said> {
  const change = { email, role, actor: 'cli' };
  const outcome = await (command === 'grant' ? roles.grant(change) : roles.withdraw(change));
  const isDone = outcome === 'changed' || outcome === 'unchanged';
  return { text: sentences(role, command)[outcome], exitCode: isDone ? 0 : 1 };
}

function sentences(role: string, command: RoleCommand['command']): Record<RoleOutcome, string> {
  const done = command === 'grant' ? 'granted' : 'withdrawn';
  return {
    changed: `${role}: ${done}. Older access tokens are refused; sign-in or refresh gives new ones.`,
    unchanged: `${role}: nothing to change`,
    no_such_user: 'No account has this address',
    unverified: `${role}: not granted. The address of this account is not verified; open the link of its mail first.`,
    not_active: `${role}: not granted. This account is disabled or being erased.`,
  };
}
