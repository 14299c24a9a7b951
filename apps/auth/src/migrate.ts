import { runMigrations } from '@nest-arch/database';
import { readMigrationConfig } from './config.js';
import { migrations } from './migrations/index.js';

const { DATABASE_URL } = readMigrationConfig();
const applied = await runMigrations({ url: DATABASE_URL, migrations, applicationName: 'auth-migrate' });
process.stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}\n` : 'Nothing to apply\n');
