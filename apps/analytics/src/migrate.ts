import { runMigrations } from '@nest-arch/database';
import { readMigrationConfig } from './config.js';
import { migrations } from './migrations/index.js';

const { DATABASE_URL } = readMigrationConfig();
const applied = await runMigrations({ url: DATABASE_URL, migrations, applicationName: 'analytics-migrate' });
process.stdout.write(`analytics: ${applied.length} migrations applied\n`);
