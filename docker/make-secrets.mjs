// Writes docker/.env, which compose.yaml reads by itself. An existing file stays: other secrets would not fit the data.
import { existsSync, writeFileSync } from 'node:fs';
import { composeSecrets } from './secrets.mjs';

const file = new URL('.env', import.meta.url);
if (existsSync(file)) {
  console.log('docker/.env is there already and stays as it is');
  process.exit(0);
}
// Single quotes: compose takes what is between them as it stands.
const lines = Object.entries(composeSecrets()).map(([name, value]) => `${name}='${value}'\n`);
writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' });
console.log(`docker/.env written: ${lines.length} secrets`);
