import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseOwners } from './services.ts';

/** Ports by name; those of the previous run are taken again where they are free. */
export type Ports = Record<string, number>;

const variables: Record<string, string> = {
  PORT: 'gateway',
  POSTGRES_PORT: 'postgres',
  KAFKA_PORT: 'kafka',
  REDIS_PORT: 'redis',
  SMTP_PORT: 'smtp',
  MAIL_WEB_PORT: 'mailWeb',
  ...Object.fromEntries(databaseOwners.map((name) => [`${name.toUpperCase()}_PORT`, name])),
};

export function readPorts(dataDir: string): Ports {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8')) as Ports;
  } catch {
    return {};
  }
}

export function writePorts(dataDir: string, ports: Ports): void {
  writeFileSync(join(dataDir, 'ports.json'), `${JSON.stringify(ports, null, 2)}\n`);
}

/** The ports that the environment sets. */
export function portsOf(env: NodeJS.ProcessEnv): Ports {
  const set = Object.entries(variables).flatMap(([variable, name]) => {
    const text = env[variable];
    if (!text) return [];
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${variable} is not a port`);
    return [[name, port] as const];
  });
  return Object.fromEntries(set);
}
