import { many } from './sql.js';
import type { Queryable } from './statement.js';

interface Line {
  table: string;
  line: string;
}

/**
 * Describes tables as text, one block a table, the same on every server that has the same migrations: columns with type,
 * nullability, default and identity; constraints; indexes; triggers; partitioning. Names without schema.
 */
export async function catalogueOf(db: Queryable, tables: readonly string[]): Promise<string> {
  const lines = await many<Line>(db, catalogueQuery, [tables]);
  const blocks = [...tables].sort().map((table) => {
    const own = lines.filter((line) => line.table === table).map(({ line }) => `  ${line}\n`);
    return `${table}\n${own.join('')}`;
  });
  return blocks.join('\n');
}

// The order must not depend on the server's collation.
const catalogueQuery = `
  with wanted as (
    select c.oid, c.relname, c.relkind, c.relpartbound
      from pg_class c
     where c.relnamespace = current_schema()::regnamespace and c.relname = any($1)
  ), lines as (
    select relname, 0 as part, 0 as place, 'partition by ' || pg_get_partkeydef(oid) as line
      from wanted where relkind = 'p'
    union all
    select relname, 1, attnum, concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod),
             case when attnotnull then 'not null' end,
             case when attgenerated <> '' then 'generated as ' || pg_get_expr(adbin, adrelid)
                  when adbin is not null then 'default ' || pg_get_expr(adbin, adrelid) end,
             case attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end)
      from wanted
      join pg_attribute on attrelid = wanted.oid and attnum > 0 and not attisdropped
      left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select relname, 2, 0, concat_ws(' ', 'constraint', conname, pg_get_constraintdef(con.oid))
      from wanted join pg_constraint con on conrelid = wanted.oid
     where contype <> 'n'
    union all
    select relname, 3, 0, regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?[^ ]+\\.', ' ON ')
      from wanted join pg_index on indrelid = wanted.oid
     where not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
    union all
    select relname, 4, 0, regexp_replace(pg_get_triggerdef(t.oid), ' ON [^ ]+\\.', ' ON ')
      from wanted join pg_trigger t on tgrelid = wanted.oid
     where not tgisinternal
  )
  select relname as "table", line from lines order by relname, part, place, line collate "C"`;
