// Writes the secrets of overlays/local, a file per Secret. Existing ones stay: others would not fit the data.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { clusterSecrets } from '../docker/secrets.mjs';

const folder = new URL('overlays/local/secrets/', import.meta.url);
if (existsSync(folder)) {
  console.log('k8s/overlays/local/secrets is there already and stays as it is');
  process.exit(0);
}
mkdirSync(folder, { mode: 0o700 });
const files = Object.entries(clusterSecrets());
for (const [name, values] of files) {
  const lines = Object.entries(values).map(([variable, value]) => `${variable}=${value}\n`);
  writeFileSync(new URL(`${name}.env`, folder), lines.join(''), { mode: 0o600 });
}
console.log(`k8s/overlays/local/secrets: ${files.length} files written`);
