import { figure, machine, type Table, showPage } from '../report.ts';
import { type Measurement, median } from './measurement.ts';

interface Group {
  heading: string;
  text: string;
  measurements: Measurement[];
}

export interface Findings {
  groups: Group[];
  /** Of the engines, as they say themselves. */
  settings: string[];
  seconds: number;
  elapsedSeconds: number;
  /** False for a run of some scenarios alone. */
  write: boolean;
}

/** Prints the tables and writes the page with them. */
export async function report({ groups, settings, seconds, elapsedSeconds, write }: Findings): Promise<void> {
  const all = new Map(groups.flatMap(({ measurements }) => measurements.map((each) => [each.id, each])));
  const conditions = [
    ...machine('one process with library and load, Postgres 18 and Kafka 4.2, one broker'),
    ...settings,
    `Node flags of the services: ${process.execArgv.join(' ')}`,
    `Median of the repeats after a warm-up; measurements over a time take ${seconds} s or a fixed part of it`,
    `The whole run took ${Math.round(elapsedSeconds)} s`,
  ];
  await showPage({
    name: 'events',
    title: 'Benchmark: the event backbone',
    command: 'npm run bench -- --events',
    conditions,
    tables: groups.filter(({ measurements }) => measurements.length > 0).map((group) => tableOf(group, all)),
    data: {
      seconds,
      measurements: [...all.values()].map((each) => ({ ...each, median: median(each.values) })),
    },
    write,
  });
}

const head = [
  'Measure',
  'Median',
  'Of the repeats',
  'Goal',
  'CPU µs an event: ours + Postgres + Kafka',
  'Of the limit',
];

function tableOf({ heading, text, measurements }: Group, all: ReadonlyMap<string, Measurement>): Table {
  const rows = measurements.map((each) => [
    each.what,
    `${figure(median(each.values))} ${each.unit}`,
    rangeOf(each),
    goalOf(each),
    cpuOf(each),
    shareOf(each, all),
  ]);
  // A column in which nothing stands says nothing.
  const kept = head.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ''));
  const pick = (row: string[]) => kept.map((column) => row[column] ?? '');
  return { heading, text, head: pick(head), rows: rows.map(pick) };
}

function rangeOf({ values }: Measurement): string {
  if (values.length < 2) return '';
  return `${figure(Math.min(...values))} to ${figure(Math.max(...values))}`;
}

function goalOf({ goal, values }: Measurement): string {
  if (!goal) return '';
  const value = median(values);
  const [text, met] =
    'atLeast' in goal
      ? [`≥ ${goal.atLeast}`, value >= goal.atLeast]
      : [`< ${goal.below}`, value < goal.below];
  return `${text}${met ? '' : ' (missed)'}`;
}

function cpuOf({ cpu }: Measurement): string {
  if (!cpu) return '';
  return [cpu.ours, cpu.postgres, cpu.kafka].map(figure).join(' + ');
}

/** How close we come to what the parts beneath can do, in this run. */
function shareOf({ limit, values }: Measurement, all: ReadonlyMap<string, Measurement>): string {
  const raw = limit === undefined ? undefined : all.get(limit);
  if (!raw) return '';
  return `${figure((median(values) / median(raw.values)) * 100)} % of ${figure(median(raw.values))} (${raw.id})`;
}
