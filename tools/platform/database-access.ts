import { acquire, holderOf } from '../bootstrap/lock.mjs';
import { Progress, StepError } from '../bootstrap/progress.mjs';
import { defaultDataDir } from '../process/paths.ts';
import type { DatabaseUrls } from './databases.ts';
import { EngineSet } from './engine-set.ts';
import { readPorts } from './ports-file.ts';
import { readRunFile, type RunFile } from './run-file.ts';
import { givenEngines } from './given-engines.ts';
import { loadSecrets, type Secrets } from './secrets.ts';
import { databaseOwners } from './services.ts';

export interface DatabaseAccess {
  databases: DatabaseUrls;
  secrets: Secrets;
  /** The addresses of the running platform; null when none runs. */
  run: RunFile | null;
}

/** Gives a command the databases: those of the running platform, else of a Postgres that is started for the time of the work. */
export async function withDatabases<T>(
  work: (access: DatabaseAccess) => Promise<T>,
  dataDir = defaultDataDir,
): Promise<T> {
  const secrets = await loadSecrets(dataDir);
  const given = givenEngines();
  if (given.databases) return work({ databases: given.databases, secrets, run: readRunFile(dataDir) });
  if (await holderOf(dataDir)) return work(running(dataDir, secrets));

  const taken = await acquire(dataDir);
  if ('holder' in taken) return work(running(dataDir, secrets));
  const progress = new Progress();
  const engines = new EngineSet({
    dataDir,
    ports: readPorts(dataDir),
    progress,
    say: (line) => progress.line(line),
    engines: given,
  });
  try {
    return await work({ databases: await engines.databases(secrets), secrets, run: null });
  } finally {
    await engines.stop();
    taken.lock.release();
  }
}

function running(dataDir: string, secrets: Secrets): DatabaseAccess {
  const run = readRunFile(dataDir);
  if (!run)
    throw new StepError('the platform is still starting', 'wait until npm start says that it is ready');
  const entries = databaseOwners.map((name) => {
    const url = new URL(run.postgres);
    url.username = name;
    url.password = secrets.databasePasswords[name];
    url.pathname = `/${name}`;
    return [name, url.href] as const;
  });
  return { databases: Object.fromEntries(entries) as DatabaseUrls, secrets, run };
}
