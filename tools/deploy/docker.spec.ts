import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DCLinter } from 'dclint';
import { parse } from 'yaml';
import { composeSecrets } from '../../docker/secrets.mjs';
import { databaseOwners, nodeFlags } from '../platform/services.ts';
import { root } from '../process/paths.ts';
import { apps, configure, imageEnvironment, read } from './manifests.ts';

interface ComposeService {
  image: string;
  build?: { dockerfile: string; args: Record<string, string> };
  command?: string[];
  ports?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  cap_drop?: string[];
  read_only?: boolean;
  security_opt?: string[];
  stop_grace_period?: string;
}

const compose = parse(read('docker/compose.yaml'), { merge: true }) as {
  services: Record<string, ComposeService>;
};
const dockerfile = read('docker/Dockerfile');
const service = (name: string): ComposeService => compose.services[name] ?? { image: '' };

describe('compose.yaml', () => {
  it('is what the compose specification allows, with exact tags and without ports twice or on all interfaces', () => {
    const linter = new DCLinter({ rules: rulesOfTaste, quiet: true, debug: false, exclude: [] });
    const [result] = linter.lintFiles([join(root, 'docker/compose.yaml')], false);
    expect(result?.messages).toEqual([]);
  });

  it('publishes the gateway and the mail page, on this machine alone, and nothing else', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    );
    expect(published).toEqual([
      ['gateway', '127.0.0.1:${PORT:-3000}:3000'],
      ['mail', '127.0.0.1:${MAIL_PORT:-1080}:1080'],
    ]);
  });

  it('builds every app', () => {
    const built = Object.entries(compose.services).filter(([, { build }]) => build);
    expect(built.map(([name, { build }]) => [name, build?.args['APP']])).toEqual(
      apps.map((app) => [app, app]),
    );
  });

  it('has no secret in it', () => {
    const values = Object.values(compose.services).flatMap(({ environment = {} }) =>
      Object.entries(environment),
    );
    const secret = values.filter(([name]) => /PASSWORD|TOKEN|_KEYS?$|_JWKS$|^DATABASE_URL$/.test(name));
    expect(secret.length).toBeGreaterThan(15);
    for (const [, value] of secret) expect(value).toMatch(/\$\{[A-Z_]+:\?/);
  });

  it('names only secrets that make-secrets.mjs makes, and all of them', () => {
    const named = [...read('docker/compose.yaml').matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name);
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(composeSecrets()).toSorted());
  });
});

describe.each(apps)('%s in compose', (app) => {
  it('is given all that its configuration requires, and nothing it does not know', async () => {
    const own = interpolated(service(app).environment ?? {}, composeSecrets());
    const given = { ...imageEnvironment(), ...own };
    expect(await configure(app, given)).toEqual(expect.arrayContaining(Object.keys(given)));
  });

  it('runs without privileges on a file system it cannot change', () => {
    expect(service(app)).toMatchObject({
      cap_drop: ['ALL'],
      read_only: true,
      security_opt: ['no-new-privileges:true'],
      healthcheck: { test: ['CMD', 'node', '/app/healthcheck.mjs', 'ready'] },
    });
  });

  it('starts when its topics and its tables are there', () => {
    const done = { condition: 'service_completed_successfully' };
    expect(service(app).depends_on?.['topics']).toEqual(done);
    if (!(databaseOwners as readonly string[]).includes(app)) return;
    expect(service(app).depends_on?.[`${app}-migrate`]).toEqual(done);
    expect(service(`${app}-migrate`)).toMatchObject({
      image: service(app).image,
      command: ['node', 'dist/migrate.js'],
      environment: { DATABASE_URL: service(app).environment?.['DATABASE_URL'] },
    });
  });
});

describe('the image', () => {
  it('has the Node that everything else runs on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    expect(dockerfile).toContain(`ARG BASE_IMAGE=node:${devDependencies['node']}-`);
  });

  it('does not run as root', () => {
    const users = [...dockerfile.matchAll(/^USER (.*)$/gm)].map(([, user]) => user);
    expect(users.at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('starts Node itself, without a shell that would keep signals from it', () => {
    for (const command of ['CMD', 'HEALTHCHECK .* CMD']) {
      const [, list = ''] = new RegExp(`^${command} (\\[.*\\])$`, 'm').exec(dockerfile) ?? [];
      expect((JSON.parse(list) as string[])[0]).toBe('node');
    }
  });

  it('starts the services with the flags that npm start was measured with', () => {
    const [, list = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    const flags = (JSON.parse(list) as string[]).filter((part) => part.startsWith('--'));
    // Here there is a limit of memory, of which the heap is a share.
    expect(flags).toEqual([...nodeFlags, '--max-old-space-size-percentage=60']);
  });

  it('leaves out secrets and builds of this machine', () => {
    const [first, ...rest] = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(rest).toEqual(expect.arrayContaining(['**/dist', '**/node_modules']));
    expect(rest.filter((line) => line.startsWith('!') && line.includes('.env'))).toEqual([]);
  });
});

/** What compose makes of `${NAME:?message}` and `${NAME:-default}`; empty variables count as absent. */
function interpolated(
  environment: Record<string, string | number>,
  variables: Record<string, string>,
): Record<string, string> {
  const entries = Object.entries(environment).map(([name, value]) => {
    const text = String(value).replace(
      /\$\{([A-Z_]+):([?-])([^}]*)\}/g,
      (_whole, variable: string, kind, otherwise) => {
        return variables[variable] ?? (kind === '-' ? otherwise : '');
      },
    );
    return [name, text] as const;
  });
  return Object.fromEntries(entries.filter(([, text]) => text !== ''));
}

/** Rules of the linter about order and looks, which are ours to choose. */
const rulesOfTaste = Object.fromEntries(
  [
    'no-build-and-image', // a name for what is built is what lets the migration jobs use it
    'no-quotes-in-volumes',
    'require-quotes-in-ports',
    'service-dependencies-alphabetical-order',
    'service-keys-order',
    'services-alphabetical-order',
    'service-ports-alphabetical-order',
    'top-level-properties-order',
  ].map((rule) => [rule, 0 as const]),
);
