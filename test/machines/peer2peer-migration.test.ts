import { describe, expect, test } from 'vitest';

import type { PhaseState } from './peer2peer.ts';
import {
  advance,
  budgeted,
  connectionLost,
  copiesOnly,
  copyingInput,
  migrate,
  operationFailed,
  outputOf,
  phaseStates,
} from './peer2peer.ts';
import { look } from './hosts.ts';
import type { Walk } from './walk.ts';

const phase = 'migrating.phases';
const measures = 'migrating.convergence.measures';
const enteredBelow = (walk: Walk, region: string) =>
  walk.entered
    .filter((state) => state.startsWith(`${region}.`))
    .map((state) => state.slice(region.length + 1));

const isAfterSwitchover = (state: PhaseState): boolean =>
  ['perform3Done', 'finish3', 'confirm3'].includes(state);
const abortable = phaseStates.filter((state) => !isAfterSwitchover(state));
const decided = phaseStates.filter(isAfterSwitchover);
const copying = abortable.filter((state) => state.startsWith('perform3.'));
const beforeCopying = abortable.filter((state) => !state.startsWith('perform3.'));

/** A migration that has got as far as that phase; storage is copied where the phase is about it. */
function at(state: PhaseState, change: Parameters<typeof migrate>[0] = {}): Walk {
  const { call } = state === copiesOnly ? copyingInput : migrateInput;
  return advance(migrate({ call, ...change }), state);
}
const migrateInput = { call: { ...copyingInput.call, copyDisks: [] } };

describe('a migration that succeeds', () => {
  test.each([
    ['without storage copy', migrateInput, phaseStates.filter((state) => state !== copiesOnly)],
    ['with storage copy', copyingInput, phaseStates],
  ])('passes through all phases in order %s', (_, input, states) => {
    const walk = advance(migrate(input), 'confirm3');
    expect(enteredBelow(walk, phase)).toEqual([...states]);
    walk.done('perform', { atEpochMs: 99 });
    const { outcome, failure, phases, downtimeMs } = outputOf(walk);
    expect({ outcome, failure }).toEqual({ outcome: 'completed', failure: null });
    expect(phases.map((each) => `${each.phase} ${each.evidence}`)).toEqual([
      'BEGIN3 observed',
      'PREPARE observed',
      'PERFORM3 observed',
      'PERFORM3_DONE observed',
      'FINISH3 observed',
      'CONFIRM3 inferred',
    ]);
    expect(downtimeMs).toBe(3);
    expect(walk.started()).toEqual(['watchSource', 'watchDestination', 'performMigration']);
  });

  test('is believed on the reply alone, and says what was inferred', () => {
    const walk = migrate().see('source.job.started').done('perform', { atEpochMs: 50 });
    const { outcome, phases, downtimeMs } = outputOf(walk);
    expect({ outcome, downtimeMs }).toEqual({ outcome: 'completed', downtimeMs: null });
    expect(phases.filter(({ evidence }) => evidence === 'observed')).toEqual([
      { phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1 },
    ]);
    expect(phases.at(-1)).toEqual({ phase: 'CONFIRM3', evidence: 'inferred', atEpochMs: 50 });
  });

  test('ends both watches and every timer', () => {
    const walk = advance(migrate(budgeted('abort')), 'confirm3').done('perform', {
      atEpochMs: 9,
    });
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });
});

describe('abort by request', () => {
  test.each(abortable)(
    'in %s asks the source daemon to cancel, and its reply ends the run',
    (state) => {
      const walk = at(state).send({ type: 'abort.requested' });
      expect(walk.inFlight.get('abortJob')?.input).toEqual({
        host: 'simulated:///hostA',
        domainUuid: copyingInput.domain.uuid,
      });
      expect(walk.snapshot.hasTag('rollingBack')).toBe(true);
      walk
        .done('abortJob')
        .fail('perform', operationFailed)
        .done('look', look('running', 'absent'));
      const { outcome, failure, phases } = outputOf(walk);
      expect(outcome).toBe('rolledBack');
      expect(failure).toMatchObject({ code: 'abortRequested', effect: 'none' });
      expect(phases.some((each) => each.phase === 'CONFIRM3_CANCELLED')).toBe(
        copying.includes(state),
      );
      expect(phases.some((each) => each.phase === 'CONFIRM3')).toBe(false);
    },
  );

  test.each(decided)('in %s is refused: nothing can be taken back any more', (state) => {
    const walk = at(state);
    expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    walk.send({ type: 'abort.requested' });
    expect(walk.started()).not.toContain('abortJob');
  });

  test('that comes too late changes nothing about the success', () => {
    const walk = at('perform3.switchingOver').send({ type: 'abort.requested' }).done('abortJob');
    advance(walk, 'confirm3').done('perform', { atEpochMs: 99 });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('that could not be sent may be repeated, as may one that did not win', () => {
    const walk = at('perform3.precopying').send({ type: 'abort.requested' });
    walk.fail('abortJob', connectionLost).send({ type: 'abort.requested' }).done('abortJob');
    expect(walk.isIn(`${measures}.abortSent`)).toBe(true);
    walk.send({ type: 'abort.requested' });
    expect(walk.started().filter((src) => src === 'abortJob')).toHaveLength(3);
  });

  test('after the daemon has replied finds nothing to abort', () => {
    const walk = at('perform3.precopying').fail('perform', operationFailed);
    walk.send({ type: 'abort.requested' }).done('look', look('running', 'absent'));
    expect(walk.started()).not.toContain('abortJob');
    expect(outputOf(walk).failure).toMatchObject({ code: 'libvirt.9', effect: 'none' });
  });

  test('after a lost reply still reaches a migration that goes on', () => {
    const walk = at('perform3.precopying').fail('perform', connectionLost);
    walk.done('look', look('busy', 'incoming')).send({ type: 'abort.requested' }).done('abortJob');
    walk.done('follow', { atEpochMs: 9 }).done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
  });
});

describe('a time budget that is used up', () => {
  const abort = budgeted('abort');
  const force = budgeted('forceComplete');

  test.each(abortable)('in %s aborts', (state) => {
    const walk = at(state, abort).elapse('timeBudget').done('abortJob');
    walk.fail('perform', operationFailed).done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'timeBudgetExceeded', effect: 'none' },
    });
  });

  test.each(copying)('in %s pauses the guest, where that was asked for', (state) => {
    const walk = at(state, force).elapse('timeBudget');
    expect(walk.inFlight.get('suspendToForce')?.src).toBe('suspendSource');
    walk.done('suspendToForce');
    expect(walk.isIn(`${measures}.forced`)).toBe(true);
    expect(walk.snapshot.hasTag('guestPaused')).toBe(true);
    advance(walk, 'confirm3').done('perform', { atEpochMs: 99 });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test.each(beforeCopying)('in %s pauses the guest only in PERFORM3', (state) => {
    const walk = at(state, force).elapse('timeBudget');
    expect(walk.started()).not.toContain('suspendSource');
    advance(walk, 'perform3.precopying');
    expect(walk.inFlight.has('suspendToForce')).toBe(true);
  });

  test.each(decided)('in %s does nothing, whatever was asked for', (state) => {
    for (const budget of [abort, force]) {
      const walk = at(state, budget).elapse('timeBudget');
      expect(walk.isIn(`${measures}.letting`)).toBe(true);
      expect(walk.started()).toEqual(['watchSource', 'watchDestination', 'performMigration']);
    }
  });

  test('can be followed by an abort, also of a guest that was paused to force it', () => {
    const walk = at('perform3.precopying', force).elapse('timeBudget').done('suspendToForce');
    walk.send({ type: 'abort.requested' });
    expect(walk.inFlight.has('abortJob')).toBe(true);
  });

  test('goes on when the guest could not be paused, and may still end well', () => {
    const walk = at('perform3.precopying', force).elapse('timeBudget');
    walk.fail('suspendToForce', connectionLost);
    expect(walk.isIn('migrating.execution.performing')).toBe(true);
    advance(walk, 'confirm3').done('perform', { atEpochMs: 99 });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('never pauses a guest whose migration is in doubt', () => {
    const walk = at('perform3.precopying', force).fail('perform', connectionLost);
    walk.done('look', look('unreachable', 'incoming')).elapse('timeBudget');
    expect(walk.started()).not.toContain('suspendSource');
  });

  test('looks at the hosts only when a suspend under way has come to its end', () => {
    const walk = at('perform3.precopying', force).elapse('timeBudget');
    walk.fail('perform', operationFailed);
    expect(walk.inFlight.has('look')).toBe(false);
    walk.done('suspendToForce').done('look', look('paused', 'absent')).done('resume');
    walk.done('look', look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });

  test('is not there when none was asked for', () => {
    expect([...migrate().timers.keys()]).toEqual([]);
  });
});
