import type { Migration } from '@nest-arch/database';
import { adoptTables } from '@nest-arch/messaging';
import type { QueryRunner } from 'typeorm';

// Expand. Replicas of the release before go on through the view, in their own group.
export class ContactsProjection0003 implements Migration {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of adoptTables('contacts', ['contacts'])) await runner.query(statement);
  }
}
