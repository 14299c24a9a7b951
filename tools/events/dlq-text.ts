import { maskHeaders, maskKey, maskPersonal, type DeadLetter } from '@nest-arch/messaging/dead-letters';
import { age, columns, cut, printable, printableJson } from './text.ts';

/** One letter with a longer type must not spoil the table of all. */
const longestType = 60;

export interface ShowOptions {
  showPersonal: boolean;
  /** The value as it came, for what is no JSON. */
  raw: boolean;
}

export function letterTable(letters: readonly DeadLetter[]): string {
  return columns(
    ['ID', 'GROUP', 'TYPE', 'REASON', 'AGE', 'TRIES'],
    letters.map(({ id, group, type, reason, at, attempts }) =>
      [id, group, cut(type || '–', longestType), reason, age(new Date(at)), String(attempts)].map(printable),
    ),
  );
}

/** As much of a letter as programs may want to know, without what is personal unless it is asked for. */
export function letterJson(letter: DeadLetter, options: ShowOptions) {
  const { value, data, headers, ...rest } = letter;
  return {
    ...rest,
    ...(options.showPersonal ? {} : { key: maskKey(rest.key), eventId: maskKey(rest.eventId) }),
    headers: options.showPersonal ? headers : maskHeaders(headers),
    valueBytes: value?.length ?? 0,
    ...(data === undefined ? {} : { data: options.showPersonal ? data : maskPersonal(data) }),
    ...(options.raw && value ? { raw: value.toString('base64') } : {}),
  };
}

export function letterText(letter: DeadLetter, options: ShowOptions): string {
  const { id, group, topic, partition, offset, type, reason, detail, attempts, at } = letter;
  const [key, eventId] = [letter.key, letter.eventId].map((text) =>
    options.showPersonal ? text : maskKey(text),
  );
  const headers = options.showPersonal ? letter.headers : maskHeaders(letter.headers);
  const own = Object.entries(headers).filter(([name]) => !name.startsWith('x-dlq-'));
  const fields: [string, string][] = [
    ['id', id],
    ['record', `${topic}, partition ${partition}, offset ${offset}`],
    ['group', group],
    ['type', type || '–'],
    ['event id', eventId || '–'],
    ['key', key || '–'],
    ['reason', reason],
    ['detail', detail],
    ['tries', String(attempts)],
    ['since', `${at} (${age(new Date(at))})`],
  ];
  return [
    ...fields.map(([name, text]) => `${name.padEnd(10)}${printable(text)}`),
    '',
    'headers',
    ...own.map(([name, text]) => `  ${printable(name)}: ${printable(text)}`),
    '',
    'data',
    ...valueLines(letter, options).map((line) => `  ${line}`),
  ].join('\n');
}

function valueLines({ data, value, headers }: DeadLetter, { raw, showPersonal }: ShowOptions): string[] {
  const omitted = headers['x-dlq-omitted'];
  if (omitted) return [`too large for a letter (${omitted}): the record is where it was`];
  if (value === null)
    return ['none: of a state record only the coordinates are kept, and a tombstone has none'];
  if (raw) return [printable(value.toString())];
  if (data === undefined) return [`no JSON, ${value.length} bytes; --raw shows them, whatever they say`];
  return printableJson(showPersonal ? data : maskPersonal(data), 2).split('\n');
}
