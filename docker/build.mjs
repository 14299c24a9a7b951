// Builds the images: node docker/build.mjs [app…] [--registry registry.example.com/team] [--push]
// CONTAINER_TOOL=podman or buildah takes the place of docker; BASE_IMAGE that of the Node image.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const root = new URL('..', import.meta.url);
const apps = ['gateway', 'auth', 'profile', 'notification', 'analytics'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { registry: { type: 'string', default: 'nest-arch' }, push: { type: 'boolean', default: false } },
});

for (const app of positionals.length > 0 ? positionals : apps) {
  const { version } = JSON.parse(readFileSync(new URL(`apps/${app}/package.json`, root), 'utf8'));
  const image = `${values.registry}/${app}:${version}`;
  const baseImage = process.env.BASE_IMAGE ? ['--build-arg', `BASE_IMAGE=${process.env.BASE_IMAGE}`] : [];
  const secrets = process.env.NPMRC ? ['--secret', `id=npmrc,src=${process.env.NPMRC}`] : [];
  run(
    ...['build', '-f', 'docker/Dockerfile', ...baseImage, ...secrets],
    ...[
      '--build-arg',
      `APP=${app}`,
      '--build-arg',
      `VERSION=${version}`,
      '--build-arg',
      `REVISION=${revision()}`,
    ],
    ...['-t', image, '.'],
  );
  if (values.push) run('push', image);
}

function run(...args) {
  execFileSync(process.env.CONTAINER_TOOL ?? 'docker', args, { cwd: root, stdio: 'inherit' });
}

function revision() {
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
}
