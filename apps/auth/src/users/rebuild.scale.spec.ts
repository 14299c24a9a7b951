import { expect, it } from '@jest/globals';
import { insertUsers, startCopies } from '../testing/copies.js';

const people = Number(process.env['REBUILD_PEOPLE'] ?? 1_000_000);
const mib = (bytes: number) => Math.round(bytes / 1024 / 1024);

it('a new consumer rebuilds a million users from the state topic, equal to the source', async () => {
  const copies = await startCopies();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 100);
  try {
    await insertUsers(copies.db, people);
    const announcing = performance.now();
    await copies.announce();
    const announced = (performance.now() - announcing) / 1000;
    const before = process.memoryUsage().rss;
    most = before;
    const seconds = await copies.consume(people);
    const [source, copy] = await copies.fingerprints();
    process.stdout.write(
      [
        `announced ${people} users in ${announced.toFixed(1)} s, ${Math.round(people / announced)}/s`,
        `rebuilt   ${people} users in ${seconds.toFixed(1)} s, ${Math.round(people / seconds)}/s`,
        `memory    ${mib(most)} MiB at most, ${mib(before)} MiB before (Jest and its modules included)`,
        `source    ${JSON.stringify(source)}`,
        `copy      ${JSON.stringify(copy)}`,
        '',
      ].join('\n'),
    );
    expect(copy).toEqual(source);
    expect(copy?.count).toBe(people);
  } finally {
    clearInterval(watch);
    await copies.stop();
  }
}, 1_800_000);
