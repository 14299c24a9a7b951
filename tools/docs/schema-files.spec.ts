import { join } from 'node:path';
import * as contracts from '@nest-arch/contracts';
import { defineEvent, topics } from '@nest-arch/contracts';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { checkSchemas, readSchemaFiles, type SchemaFiles, withPublished } from './schema-files.ts';

type Fields = z.ZodRawShape;

const userId = z.uuid();
const status = z.enum(['active', 'disabled']);

function code(data: Fields, revision = 1, summary = 'Tried.') {
  const event = defineEvent({
    type: 'test.user.tried.v1',
    ...{ topic: topics.userEvents, summary, revision },
    data,
    fixture: {} as never,
  });
  return { ...contracts, events: [event] };
}

/** What is committed after each of these was published in turn. */
function published(...revisions: Fields[]): SchemaFiles {
  return revisions.reduce<SchemaFiles>(
    (files, data, n) => {
      const { faults, unpublished } = checkSchemas(code(data, n + 1), files);
      if (faults.length > 0) throw new Error(faults.join('\n'));
      return withPublished(files, unpublished);
    },
    { texts: new Map(), lock: {} },
  );
}

function faultsOf(contracts: ReturnType<typeof code>, files: SchemaFiles): string {
  return checkSchemas(contracts, files).faults.join('\n');
}

const first = { userId, status };
const second = { ...first, note: z.string().optional() };

describe('the published schemas', () => {
  it('are those of the code, each compatible with all older ones', async () => {
    const root = join(import.meta.dirname, '..', '..');
    const files = await readSchemaFiles(root);

    expect(files.texts.size).toBeGreaterThanOrEqual(contracts.events.length);
    expect(checkSchemas(contracts, files)).toEqual({ faults: [], unpublished: new Map() });
  });

  it('gain a revision when the code has the next one, and nothing else changes', () => {
    const before = published(first);
    const { faults, unpublished } = checkSchemas(code(second, 2), before);
    const after = withPublished(before, unpublished);

    expect(faults).toEqual([]);
    expect([...unpublished.keys()]).toEqual(['test.user.tried.v1/2.json']);
    expect(after.lock).toMatchObject(before.lock);
    expect(checkSchemas(code(second, 2), after)).toEqual({ faults: [], unpublished: new Map() });
  });

  it('may be put in other words, and in another order', () => {
    expect(faultsOf(code({ status, userId }, 1, 'In other words.'), published(first))).toBe('');
  });

  it.each<[string, Fields, string]>([
    ['a new required field', { ...first, region: z.string() }, '$.region: the reader needs it'],
    ['a field that is gone', { userId }, '$.status: a field that was there is gone'],
    ['a field that became optional', { userId, status: status.optional() }, '$.status: the reader needs it'],
    ['a narrowed enum', { userId, status: z.enum(['active']) }, 'the data may also hold "disabled"'],
    [
      'a widened enum',
      { userId, status: z.enum(['active', 'disabled', 'new']) },
      'the data may also hold "new"',
    ],
    ['another type', { userId, status: z.int() }, '$.status: the reader expects'],
    ['another format', { userId: z.iso.date(), status }, '$.userId: the reader expects'],
  ])('are not joined by %s', (_what, data, fault) => {
    const { faults, unpublished } = checkSchemas(code(data, 2), published(first));
    expect(faults.join('\n')).toContain('revision 2 breaks with revision 1');
    expect(faults.join('\n')).toContain(fault);
    expect(unpublished.size).toBe(0);
  });

  it('remember a name that was theirs', () => {
    const files = published(first, second);
    const again = code({ ...first, note: z.int().optional() }, 3);
    expect(faultsOf(again, files)).toContain('$.note: the reader expects integer, the data may be string');
  });
});

describe('somebody notices', () => {
  it('a field that was added without a revision', () => {
    expect(faultsOf(code(second), published(first))).toContain('differs from its published schema');
  });

  it('a revision that was skipped, or taken back', () => {
    expect(faultsOf(code(second, 3), published(first))).toContain('without a gap');
    expect(faultsOf(code(first, 1), published(first, second))).toContain('but 2 is published');
  });

  it('a published schema that was edited, added by hand, or deleted', () => {
    const path = 'test.user.tried.v1/1.json';
    const { texts, lock } = published(first);
    const edited = new Map([[path, texts.get(path)!.replace('Tried.', 'Tried!')]]);

    expect(faultsOf(code(first), { texts: edited, lock })).toContain('is never edited');
    expect(faultsOf(code(first), { texts, lock: {} })).toContain('has no line in lock.json');
    expect(faultsOf(code(first), { texts: new Map(), lock })).toContain('the file is gone');
  });

  it('a type that is gone without having been retired', () => {
    const files = published(first);
    expect(faultsOf({ ...contracts, events: [] }, files)).toContain('put it among the retired types');
    expect(faultsOf({ ...contracts, events: [], retiredTypes: ['test.user.tried.v1'] }, files)).toBe('');
  });
});
