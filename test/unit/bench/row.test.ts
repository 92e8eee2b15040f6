import { describe, expect, test } from 'vitest';
import { alternate } from '../../bench/bench.ts';
import { absolute, compare, meetsGoal, table } from '../../bench/row.ts';
import { interval95, median, percentile } from '../../bench/statistics.ts';

const metric = {
  bench: 'sample',
  metric: 'time',
  unit: 'ms',
  peerName: 'other',
  goal: '<= 1.02',
};

describe('a bench row', () => {
  test('holds the medians, and the median of the ratios pair by pair', () => {
    const row = compare(metric, [
      { ours: 10, peer: 10 },
      { ours: 30, peer: 20 },
      { ours: 20, peer: 5 },
    ]);
    expect(row).toMatchObject({ ours: 20, peer: 10, value: 1.5, pairs: 3, goal: '<= 1.02' });
  });

  test('has exactly the agreed keys', () => {
    const row = compare(metric, [{ ours: 1, peer: 1 }]);
    expect(Object.keys(row).join()).toBe(
      'bench,metric,unit,ours,peer,peerName,value,goal,pairs,ci95',
    );
  });

  test.each([
    ['<= 1.02', 1.02, true],
    ['<= 1.02', 1.03, false],
    ['>= 0.95', 0.95, true],
    ['>= 0.95', 0.9, false],
  ])('with goal %s and value %d: %s', (goal, value, isMet) => {
    expect(meetsGoal({ ...compare(metric, [{ ours: 1, peer: 1 }]), goal, value })).toBe(isMet);
  });

  test('says in the table that it missed its goal', () => {
    const lines = table([compare(metric, [{ ours: 2, peer: 1 }])]).split('\n');
    expect(lines[1]).toMatch(/^sample .* MISSED$/);
  });
});

describe('a row without a peer', () => {
  const rate = { bench: 'sample', metric: 'rate', unit: '1/s', goal: '>= 5' };

  test('is held against its goal by the median', () => {
    const row = absolute(rate, [1, 6, 9]);
    expect(row).toMatchObject({ ours: 6, value: 6, peer: null, pairs: 3 });
    expect(meetsGoal(row)).toBe(true);
    expect(meetsGoal(absolute(rate, [1, 4, 9]))).toBe(false);
  });

  test('is held against it by what else is asked for', () => {
    const row = absolute(rate, [1, 6, 9], (values) => Math.max(...values));
    expect(row).toMatchObject({ ours: 9, value: 9, ci95: [1, 9] });
  });

  test('is shown without a verdict where nothing is asked of it', () => {
    const [, line] = table([absolute({ ...rate, goal: null }, [3])]).split('\n');
    expect(line).toMatch(/^sample +rate +3 1\/s +3 +3 \.\. 3 +1$/);
  });
});

describe('statistics', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('so many percent of the values do not exceed the percentile', () => {
    const values = Array.from({ length: 120 }, (_, index) => 120 - index);
    expect(percentile(values, 99)).toBe(119);
    expect(percentile(values, 100)).toBe(120);
    expect(percentile([7], 99)).toBe(7);
  });

  test('the interval holds the median, is narrow for equal values, and repeats itself', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 50];
    const [low, high] = interval95(values);
    expect(low).toBeLessThan(median(values));
    expect(high).toBeGreaterThan(median(values));
    expect(high).toBeLessThan(50);
    expect(interval95(values)).toEqual([low, high]);
    expect(interval95([3, 3, 3])).toEqual([3, 3]);
  });
});

test('who is measured first changes with every pair, after the warm-up', async () => {
  const order: string[] = [];
  const measure = (name: string) => () => Promise.resolve(order.push(name));
  const pairs = await alternate({ count: 2, warmUp: 1 }, measure('ours'), measure('peer'));
  expect(order).toEqual(['ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  expect(pairs).toHaveLength(2);
});
