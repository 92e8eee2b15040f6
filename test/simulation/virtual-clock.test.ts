import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/adapters/simulated/index.ts';
import { delay } from '../../src/ports/clock.ts';

const unending = new AbortController().signal;
const newClock = () => new VirtualClock({ startEpochMs: 1_000, pace: 'asFastAsPossible' });

describe('virtual clock', () => {
  test('a day passes at once, and exactly', async () => {
    const clock = newClock();
    const began = performance.now();
    await clock.run(delay(clock, 86_400_000, unending));
    expect(clock.nowEpochMs()).toBe(86_401_000);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('timers fire by time, equal ones in the order of their scheduling', async () => {
    const clock = newClock();
    const fired: string[] = [];
    for (const [name, atEpochMs] of [
      ['late', 1_300],
      ['first', 1_200],
      ['second', 1_200],
      ['early', 1_100],
    ] as const)
      clock.schedule(atEpochMs, () => fired.push(`${name} ${clock.nowEpochMs()}`));
    await clock.run(delay(clock, 500, unending));
    expect(fired).toEqual(['early 1100', 'first 1200', 'second 1200', 'late 1300']);
  });

  test('time stands still while anything in the process goes on', async () => {
    const clock = newClock();
    const work = async (): Promise<number> => {
      void delay(clock, 1, unending);
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
      return clock.nowEpochMs();
    };
    expect(await clock.run(work())).toBe(1_000);
  });

  test('time stands still when nobody waits for anything', async () => {
    const clock = newClock();
    let fired = false;
    clock.schedule(1_001, () => {
      fired = true;
    });
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(fired).toBe(false);
    await clock.run(delay(clock, 1, unending));
    expect(fired).toBe(true);
  });

  test('a cancelled timer never fires, and a past one fires now', async () => {
    const clock = newClock();
    const fired: string[] = [];
    clock.schedule(1_010, () => fired.push('cancelled'))();
    clock.schedule(5, () => fired.push(`past ${clock.nowEpochMs()}`));
    await clock.run(delay(clock, 100, unending));
    expect(fired).toEqual(['past 1000']);
  });

  test('works that run at the same time share one time', async () => {
    const clock = newClock();
    const waitFor = async (delayMs: number): Promise<number> => {
      await delay(clock, delayMs, unending);
      return clock.nowEpochMs();
    };
    const both = [clock.run(waitFor(200)), clock.run(waitFor(100))];
    expect(await Promise.all(both)).toEqual([1_200, 1_100]);
  });

  test('the failure of the work is handed on', async () => {
    const clock = newClock();
    await expect(clock.run(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('at a pace, virtual time keeps step with real time', async () => {
    const clock = new VirtualClock({ startEpochMs: 0, pace: 100 });
    const began = performance.now();
    await clock.run(delay(clock, 3_000, unending));
    expect(performance.now() - began).toBeGreaterThanOrEqual(30);
    expect(clock.nowEpochMs()).toBeGreaterThanOrEqual(3_000);
  });

  test('at a pace, a timer that is scheduled meanwhile comes before a later one', async () => {
    const clock = new VirtualClock({ startEpochMs: 0, pace: 100 });
    const fired: string[] = [];
    const wait = async (name: string, delayMs: number): Promise<void> => {
      await delay(clock, delayMs, unending);
      fired.push(name);
    };
    const outside = nextTurn().then(() => wait('near', 100));
    await clock.run(Promise.all([wait('far', 10_000), outside]));
    expect(fired).toEqual(['near', 'far']);
  });
});
