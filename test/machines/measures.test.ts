import { describe, expect, test } from 'vitest';

import type { ConvergencePolicy } from '../../machines/policy/migration/convergence.ts';
import { look } from './hosts.ts';
import { bothProtocols } from './postcopy-walks.ts';
import { budgeted, connectionLost, countOf, input, operationFailed, planned } from './protocol.ts';
import { outputOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const measures = 'migrating.convergence.measures';
const plan = (policy: Partial<ConvergencePolicy>) => ({ convergence: planned(policy) });
const noPostcopy = { call: input.call };
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });
const force = (walk: Walk): Walk => walk.send({ type: 'force.complete' });

/** A pass begins and tells what the one before has left to be sent. */
const pass = (walk: Walk, iteration: number, remainingBytes: number | null): Walk =>
  walk.send(
    Object.assign(
      { type: 'source.iteration' },
      { iteration, remainingBytes, atEpochMs: iteration },
    ),
  );
const passes = (walk: Walk, ...remaining: readonly (number | null)[]): Walk => {
  for (const [index, remainingBytes] of remaining.entries()) pass(walk, index + 1, remainingBytes);
  return walk;
};
const isAborting = (walk: Walk): boolean => walk.inFlight.has('abortJob');

describe.each(bothProtocols)('a stall of a %s migration', (_, { precopying }) => {
  const watched = () => precopying(plan({ stallPasses: 3, onStall: 'abort' }));

  test('is so many passes in a row that leave no less than the best one before', () => {
    expect(isAborting(passes(watched(), 0, 900, 900, 950))).toBe(false);
    const walk = passes(watched(), 0, 900, 900, 950, 901);
    expect(isAborting(walk)).toBe(true);
  });

  test('is no stall as long as each pass leaves less', () => {
    const walk = passes(watched(), 0, 900, 899, 898, 897, 896, 895, 894);
    expect(isAborting(walk)).toBe(false);
  });

  test('is counted anew from each better pass', () => {
    const walk = passes(watched(), 0, 900, 900, 900, 800, 900, 900);
    expect(isAborting(walk)).toBe(false);
    expect(isAborting(pass(walk, 8, 900))).toBe(true);
  });

  test('is not seen in the first pass, of which everything is left', () => {
    const walk = pass(watched(), 1, 5_000);
    for (let times = 0; times < 5; times += 1) pass(walk, 1, 9_000);
    expect(isAborting(walk)).toBe(false);
  });

  test('is not seen in a pass that is told again', () => {
    const walk = passes(watched(), 0, 900);
    for (let times = 0; times < 9; times += 1) pass(walk, 2, 900);
    expect(isAborting(walk)).toBe(false);
  });

  test('is not seen in a saw tooth within the passes', () => {
    const walk = passes(watched(), 0, 900);
    for (const remaining of [1_500, 800, 1_600, 700, 1_700]) pass(walk, 2, remaining);
    expect(isAborting(passes(walk, 0, 900, 850, 840, 830))).toBe(false);
  });

  test('is not seen where nobody can say what is left', () => {
    expect(isAborting(passes(watched(), null, null, null, null, null, null))).toBe(false);
  });

  test('that was given up says so', () => {
    const walk = passes(
      precopying({ ...plan({ stallPasses: 1, onStall: 'abort' }), ...noPostcopy }),
      0,
      9,
      9,
    );
    walk.done('abortJob').fail('perform', operationFailed);
    if (walk.inFlight.has('finishCancelled'))
      walk.done('finishCancelled', { holds: 'nothing', atEpochMs: 1 });
    walk.done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'stalled', effect: 'none' },
    });
  });

  test('pauses the guest, where that was asked for', () => {
    const walk = passes(precopying(plan({ stallPasses: 1, onStall: 'forceComplete' })), 0, 9, 9);
    expect(walk.inFlight.has('suspendToForce')).toBe(true);
  });

  test('is told and left alone, where nothing was asked for', () => {
    const walk = precopying(plan({ stallPasses: 1, onStall: 'none' }));
    const before = walk.started().length;
    passes(walk, 0, 9, 9, 9);
    expect(walk.started()).toHaveLength(before);
  });

  test('is not looked for without a number of passes', () => {
    const walk = precopying(plan({ stallPasses: null, onStall: 'abort' }));
    expect(isAborting(passes(walk, 0, ...Array.from({ length: 50 }, () => 9)))).toBe(false);
  });

  test('after the guest has gone over does nothing', () => {
    const walk = watched().see('source.migration.completed');
    expect(isAborting(passes(walk, 0, 9, 9, 9, 9, 9))).toBe(false);
  });
});

describe.each(bothProtocols)('forcing a %s migration by hand', (_, { precopying }) => {
  const copying = (change = {}) => precopying({ ...noPostcopy, ...change });

  test('pauses the guest where post-copy was not permitted', () => {
    const walk = force(copying());
    expect(walk.inFlight.get('suspendToForce')).toMatchObject({
      src: 'suspendSource',
      input: { host: input.source },
    });
    walk.done('suspendToForce');
    expect(walk.isIn(`${measures}.forced`)).toBe(true);
  });

  test('that stands too long goes on where it was', () => {
    const walk = force(copying()).done('suspendToForce').elapse('forceWait');
    expect(isAborting(walk)).toBe(true);
    walk.done('abortJob').fail('perform', operationFailed);
    if (walk.inFlight.has('finishCancelled')) walk.done('finishCancelled', { holds: 'nothing' });
    walk.done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'forcedInVain' },
    });
  });

  test('is asked for again a second after it was refused, and not sooner', () => {
    for (const walk of [
      force(copying()),
      copying(budgeted('forceComplete')).elapse('timeBudget'),
    ]) {
      walk.fail('suspendToForce', connectionLost);
      expect(walk.inFlight.has('suspendToForce')).toBe(false);
      expect(countOf(walk, 'suspendSource')).toBe(1);
      walk.elapse('askAgain');
      expect(countOf(walk, 'suspendSource')).toBe(2);
    }
  });

  test('does not keep an abort from being sent', () => {
    const walk = abort(force(copying()).done('suspendToForce'));
    expect(isAborting(walk)).toBe(true);
  });

  test('of a migration that was aborted does nothing', () => {
    const walk = force(abort(copying()).done('abortJob'));
    expect(walk.started()).not.toContain('suspendSource');
  });
});

describe.each(bothProtocols)('the time budget of a %s migration', (_, { precopying }) => {
  const limited = (change = {}) => precopying({ ...budgeted('abort'), ...change });
  const states: readonly (readonly [string, (walk: Walk) => Walk])[] = [
    ['forced', (walk) => force(walk).done('suspendToForce')],
    ['being forced', (walk) => force(walk)],
    ['refused to be forced', (walk) => force(walk).fail('suspendToForce', operationFailed)],
  ];
  const postcopyStates: readonly (readonly [string, (walk: Walk) => Walk])[] = [
    ['asked for', (walk) => walk.send({ type: 'postcopy.start' })],
    [
      'refused',
      (walk) => walk.send({ type: 'postcopy.start' }).fail('startPostcopy', operationFailed),
    ],
    [
      'taken, and yet not begun by QEMU',
      (walk) => walk.send({ type: 'postcopy.start' }).done('startPostcopy'),
    ],
  ];

  test.each(states)('holds for a guest that is %s', (_state, lead) => {
    const walk = lead(limited(noPostcopy)).elapse('timeBudget');
    if (walk.inFlight.has('suspendToForce')) walk.done('suspendToForce');
    expect(isAborting(walk)).toBe(true);
  });

  test.each(postcopyStates)('holds where post-copy is %s', (_state, lead) => {
    expect(isAborting(lead(limited()).elapse('timeBudget'))).toBe(true);
  });

  test('whose abort is not taken asks again until it is', () => {
    const walk = limited().elapse('timeBudget');
    for (let times = 1; times <= 3; times += 1) {
      expect(countOf(walk, 'abortJob')).toBe(times);
      walk.fail('abortJob', connectionLost).elapse('askAgain');
    }
  });

  test('whose abort is not taken does not ask any more once the guest has gone over', () => {
    const walk = limited().elapse('timeBudget').fail('abortJob', connectionLost);
    walk.see('source.migration.completed').elapse('askAgain');
    expect(countOf(walk, 'abortJob')).toBe(1);
  });

  test('grows with the data: memory and copied disks', () => {
    const policy = { budget: { baseMs: 1_000, msPerGib: 10_000 }, onBudget: 'abort' } as const;
    const armed = [1, 2.5].map((sizeGib) => {
      const walk = precopying({ convergence: planned(policy, sizeGib) });
      return [...walk.timers.values()].find(({ id }) => id.includes('timeBudget'))?.delayMs;
    });
    expect(armed).toEqual([11_000, 26_000]);
  });
});

describe.each(bothProtocols)('an abort of a %s migration', (_, { precopying }) => {
  test('that is not taken is asked for again by itself, and may be by hand', () => {
    const walk = abort(precopying()).fail('abortJob', connectionLost);
    expect(isAborting(abort(walk))).toBe(true);
    walk.fail('abortJob', connectionLost).elapse('askAgain');
    expect(countOf(walk, 'abortJob')).toBe(3);
  });

  test('that is answered when the guest has gone over rolls nothing back', () => {
    for (const answer of [
      (walk: Walk) => walk.done('abortJob'),
      (walk: Walk) => walk.fail('abortJob', operationFailed),
    ]) {
      const walk = answer(abort(precopying()).see('destination.domain.resumed', 'migrated'));
      expect(walk.isIn(`${measures}.abortLate`)).toBe(true);
    }
  });

  test('is possible while post-copy waits to begin', () => {
    const walk = abort(precopying().send({ type: 'postcopy.start' }).done('startPostcopy'));
    expect(isAborting(walk)).toBe(true);
  });
});
