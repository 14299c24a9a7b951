import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../bootstrap/progress.mjs';
import { run } from '../process/run.ts';
import { installed } from '../process/which.ts';

const oldestJava = 17;

/** Path of a `java` that can run the broker. Installs one where we may; else throws with the commands to type. */
export async function javaCommand(): Promise<string> {
  const found = (await usableJava()) ?? ((await installWithApt()) ? await usableJava() : undefined);
  if (!found) throw missing('Java 17 or newer');
  return found;
}

/** Path of `mvn`; Maven is needed only until the jars are in .cache/. */
export async function mavenCommand(): Promise<string> {
  const found = installed('mvn') ?? ((await installWithApt()) ? installed('mvn') : undefined);
  if (!found) throw missing('Maven');
  return found;
}

async function usableJava(): Promise<string | undefined> {
  const home = process.env['JAVA_HOME'];
  const candidates = [home && join(home, 'bin', 'java'), installed('java')];
  for (const java of candidates) {
    if (java && existsSync(java) && (await versionOf(java)) >= oldestJava) return java;
  }
  return undefined;
}

async function versionOf(java: string): Promise<number> {
  const release = join(java, '..', '..', 'release');
  // The file beside a JDK saves starting a virtual machine only to ask its version.
  const text = existsSync(release)
    ? readFileSync(release, 'utf8')
    : await run(java, ['-version']).catch(() => '');
  const version = /(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)/.exec(text)?.[1];
  return Number(version ?? 0);
}

let installing: Promise<boolean> | undefined;

/** On Debian and Ubuntu as root; false elsewhere. */
function installWithApt(): Promise<boolean> {
  return (installing ??= aptInstall());
}

async function aptInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !isDebian() || !installed('apt-get')) return false;
  process.stdout.write('… Installing Java and Maven (apt-get)\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', await javaPackage(), 'maven'], {
      env,
    });
    return true;
  } catch (error) {
    throw new StepError(`Java and Maven could not be installed: ${(error as Error).message}`, advice());
  }
}

/** Releases differ in which versions they have. */
async function javaPackage(): Promise<string> {
  for (const name of ['openjdk-21-jre-headless', 'openjdk-17-jre-headless']) {
    const policy = await run('apt-cache', ['policy', name]).catch(() => '');
    if (/Candidate: (?!\(none\))/.test(policy)) return name;
  }
  return 'default-jre-headless';
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function missing(what: string): StepError {
  return new StepError(`${what} is missing; the Kafka broker runs on it`, advice());
}

function advice(): string {
  const commands = isDebian()
    ? 'sudo apt-get update && sudo apt-get install -y openjdk-17-jre-headless maven'
    : process.platform === 'darwin'
      ? 'brew install openjdk@17 maven'
      : 'install a Java 17 (https://adoptium.net) and Maven (https://maven.apache.org)';
  const docker = installed('docker')
    ? '\n    or with Docker:  docker compose -f docker/compose.yaml up --build'
    : '';
  return `${commands}${docker}\n    or use a cluster of your own:  KAFKA_BROKERS=host:9092 npm start`;
}
