import { describe, expect, it } from '@jest/globals';
import { duplicatesIn, problemsOf, type Copy, type History } from '../../test/history.js';

const copy = (n: number, user = 'ada'): Copy => ({ user, n, id: `${user}-${n}` });
const three = [copy(1), copy(2), copy(3)];
const good: History = { written: three, topic: three, effects: three };
const check = (change: Partial<History>) => problemsOf({ ...good, ...change });

describe('the history checker', () => {
  it('finds nothing in a good history, users interleaved and a stretch repeated on the topic', () => {
    const both = [copy(1), copy(1, 'bob'), copy(2), copy(2, 'bob'), copy(3)];
    const topic = [copy(1), copy(1, 'bob'), copy(2), copy(1), copy(2), copy(3), copy(2, 'bob')];
    expect(problemsOf({ written: both, topic, effects: both })).toEqual([]);
    expect(duplicatesIn(topic)).toBe(2);
  });

  it.each<[string, Partial<History>, string]>([
    ['a change that never reached the topic', { topic: [copy(1), copy(3)] }, 'lost before the topic: ada#2'],
    ['an event without effect', { effects: [copy(1), copy(3)] }, 'lost, no effect: ada#2'],
    ['a second effect', { effects: [...three, copy(2)] }, 'doubled effect: ada#2'],
    [
      'events in the wrong order',
      { topic: [copy(1), copy(3), copy(2)] },
      'out of order on the topic: ada#2 after #3',
    ],
    [
      'effects in the wrong order',
      { effects: [copy(2), copy(1), copy(3)] },
      'out of order effect: ada#1 after #2',
    ],
    ['an effect of nothing', { effects: [...three, copy(4)] }, 'effect without its event: ada#4'],
    [
      'an effect under another id',
      { effects: [copy(1), copy(2), { ...copy(3), id: 'other' }] },
      'effect without its event: ada#3',
    ],
    ['an event of a rolled-back change', { topic: [...three, copy(4)] }, 'event without a change: ada#4'],
    [
      'a change announced twice',
      { topic: [...three, { ...copy(3), id: 'again' }] },
      'two events of one change: ada#3',
    ],
    ['an effect of a dead letter', { deadLetters: [copy(2)] }, 'effect of a dead letter: ada#2'],
  ])('catches %s', (_, change, problem) => {
    expect(check(change)).toContain(problem);
  });

  it('takes a dead letter for an end, and a row that was never sent as well', () => {
    const effects = [copy(1), copy(3)];
    expect(check({ effects, deadLetters: [copy(2)] })).toEqual([]);
    expect(check({ effects, topic: effects, unpublished: [copy(2)] })).toEqual([]);
  });

  it('leaves the order aside where copies may overtake each other', () => {
    const history = { ...good, topic: [copy(2), copy(1), copy(3)], effects: [copy(3), copy(1), copy(2)] };
    expect(problemsOf(history, { ordered: false })).toEqual([]);
  });
});
