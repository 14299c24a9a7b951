import { runMigrations } from '@nest-arch/database';
import { readMigrationConfig } from './config.js';
import { migrations } from './migrations/index.js';

const { DATABASE_URL } = readMigrationConfig();
const applied = await runMigrations({ url: DATABASE_URL, migrations, applicationName: 'profile-migrate' });
process.stdout.write(`profile: ${applied.length} migrations applied\n`);
