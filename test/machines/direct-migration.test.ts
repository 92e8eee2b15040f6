import { describe, expect, test } from 'vitest';

import { toPhaseRecords } from '../../machines/policy/migration/phases.ts';
import type { DirectState } from './direct.ts';
import { callOf, directStates, directTo, execution, isAt } from './direct.ts';
import { domain, look } from './hosts.ts';
import {
  connectionLost,
  copyingInput,
  countOf,
  input,
  notSent,
  operationFailed,
  outputOf,
  phasesOf,
} from './protocol.ts';
import type { Walk } from './walk.ts';

const at = (atEpochMs: number) => ({ atEpochMs });
const nothing = { holds: 'nothing', atEpochMs: 60 } as const;
const onSource = { host: input.source, domainUuid: domain.uuid };

/** The look that ends it: the guest runs where it was, and the other host has nothing. */
const asBefore = (walk: Walk): Walk => walk.done('look', look('running', 'absent'));

describe('a migration that we drive and that succeeds', () => {
  test('calls each phase once, in order, each on the link', () => {
    const walk = directTo('confirm3').done('confirm', at(60));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(walk.started()).toEqual([
      'watchSource',
      'watchDestination',
      'holdLink',
      'begin',
      'prepare',
      'perform',
      'finish',
      'confirm',
    ]);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('gives each phase both hosts and the same call', () => {
    const walk = directTo('confirm3');
    const inputs = walk.commands.flatMap((command) =>
      command.do === 'startActor' && Object.values(callOf).some((src) => src === command.src)
        ? [command.input]
        : [],
    );
    const { source, destination, call } = input;
    expect(inputs).toEqual(
      Object.keys(callOf).map(() => ({ source, destination, domainUuid: domain.uuid, call })),
    );
  });

  test('reports every phase as ours, at the time of its call', () => {
    const walk = directTo('confirm3').done('confirm', at(60));
    expect(outputOf(walk).phases).toEqual([
      { phase: 'BEGIN3', evidence: 'ours', atEpochMs: 1 },
      { phase: 'PREPARE', evidence: 'ours', atEpochMs: 20 },
      { phase: 'PERFORM3', evidence: 'ours', atEpochMs: 30 },
      { phase: 'PERFORM3_DONE', evidence: 'ours', atEpochMs: 40 },
      { phase: 'FINISH3', evidence: 'ours', atEpochMs: 40 },
      { phase: 'CONFIRM3', evidence: 'ours', atEpochMs: 50 },
    ]);
  });

  test('stays ours where a watch has told of a phase before its call was answered', () => {
    const walk = directTo('begin3').see('source.job.started');
    walk.done('begin', at(20)).see('destination.domain.preparing').done('prepare', at(30));
    walk.see('source.migration.active').see('source.migration.completed').done('perform', at(40));
    walk.see('destination.domain.resumed', 'migrated');
    walk.done('finish', { holds: 'guest', ...at(50) }).done('confirm', at(60));
    expect(phasesOf(walk).every((phase) => phase.endsWith(' ours'))).toBe(true);
    expect(outputOf(walk).phases).toHaveLength(6);
  });

  test.each([
    ['without storage copy', input, ['starting', 'precopying', 'switchingOver']],
    ['with storage copy', copyingInput, ['starting', 'mirroring', 'precopying', 'switchingOver']],
  ])('shows what is under way in PERFORM3 %s', (_, change, states) => {
    const walk = directTo('perform3', change).see('source.mirror.created');
    walk.see('source.migration.active').see('source.migration.pre-switchover');
    const prefix = `${execution}.perform3.`;
    const entered = walk.entered.filter((state) => state.startsWith(prefix));
    expect(entered.map((state) => state.slice(prefix.length))).toEqual(states);
  });

  test('passes the point of no return with the first sign that the guest runs there', () => {
    const walk = directTo('finish3');
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(false);
    walk.see('destination.domain.resumed', 'migrated');
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    expect(walk.snapshot.hasTag('guestPaused')).toBe(false);
  });
});

describe('Begin fails', () => {
  test.each([operationFailed, connectionLost])(
    '$code: nothing is cancelled, the guest is as it was',
    (failure) => {
      const walk = asBefore(directTo('begin3').fail('begin', failure));
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: failure.code, effect: 'none' },
      });
      expect(phasesOf(walk)).toEqual(['BEGIN3 ours']);
      expect(walk.started()).not.toContain('confirmCancelled');
      expect(walk.started()).not.toContain('prepare');
    },
  );

  test('and left a job behind: our connections are ended, so that the job ends with them', () => {
    const walk = directTo('begin3').fail('begin', connectionLost);
    expect(walk.inFlight.has('link')).toBe(false);
    const running = { ...look('running', 'absent') };
    walk.done('look', { ...running, source: look('busy', 'absent').source });
    expect(isAt(walk, 'following')).toBe(true);
    asBefore(walk.done('follow', at(9)));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });
});

describe('Prepare fails', () => {
  test.each([operationFailed, connectionLost])(
    '$code: the source is told at once, since its job is protected until Confirm',
    (failure) => {
      const walk = directTo('prepare').fail('prepare', failure);
      expect(walk.inFlight.get('confirmCancelled')?.input).toMatchObject({ source: input.source });
      expect(walk.snapshot.hasTag('rollingBack')).toBe(true);
      asBefore(walk.done('confirmCancelled', at(60)));
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: failure.code, effect: 'none' },
      });
      expect(phasesOf(walk)).toEqual(['BEGIN3 ours', 'PREPARE ours', 'CONFIRM3_CANCELLED ours']);
      expect(walk.started()).not.toContain('finishCancelled');
    },
  );

  test('and the source does not hear of it: our connection is ended, which tells it the same', () => {
    const walk = directTo('prepare').fail('prepare', operationFailed);
    walk.fail('confirmCancelled', connectionLost);
    expect(walk.inFlight.has('link')).toBe(false);
    asBefore(walk.done('look', look('busy', 'absent')).done('follow', at(9)));
    expect(outputOf(walk).outcome).toBe('rolledBack');
    expect(phasesOf(walk)).toEqual(['BEGIN3 ours', 'PREPARE ours']);
  });

  test('and a QEMU is left waiting: it is ended', () => {
    const walk = directTo('prepare').fail('prepare', connectionLost);
    walk.done('confirmCancelled', at(60)).done('look', look('running', 'incoming'));
    expect(walk.inFlight.get('endIncoming')?.src).toBe('destroyIncoming');
    expect(outputOf(asBefore(walk.done('endIncoming'))).outcome).toBe('rolledBack');
  });
});

describe('Perform fails', () => {
  test.each([operationFailed, connectionLost])(
    '$code: only the destination is told, the source has cleaned up',
    (failure) => {
      const walk = directTo('perform3').fail('perform', failure);
      expect(walk.inFlight.get('finishCancelled')?.input).toMatchObject({
        destination: input.destination,
      });
      asBefore(walk.done('finishCancelled', nothing));
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: failure.code, effect: 'none' },
      });
      expect(phasesOf(walk)).toEqual(['BEGIN3 ours', 'PREPARE ours', 'PERFORM3 ours']);
      expect(walk.started()).not.toContain('confirmCancelled');
      expect(walk.started()).not.toContain('confirm');
    },
  );

  test.each(['runningWithJob', 'busy'] as const)(
    'and the source (%s) still holds the job: then Confirm ends it',
    (here) => {
      const walk = directTo('perform3').fail('perform', operationFailed);
      walk.done('finishCancelled', nothing).done('look', look(here, 'absent'));
      expect(walk.inFlight.has('confirmCancelled')).toBe(true);
      asBefore(walk.done('confirmCancelled', at(70)));
      expect(outputOf(walk).outcome).toBe('rolledBack');
      expect(phasesOf(walk).at(-1)).toBe('CONFIRM3_CANCELLED ours');
    },
  );

  test('and the destination still has a QEMU that waits: that goes before the source hears', () => {
    const walk = directTo('perform3').fail('perform', operationFailed);
    walk.fail('finishCancelled', operationFailed).done('look', look('runningWithJob', 'incoming'));
    expect(walk.inFlight.has('endIncoming')).toBe(true);
    expect(walk.started()).not.toContain('confirmCancelled');
    walk.done('endIncoming').done('look', look('runningWithJob', 'absent'));
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
  });

  test('and the destination does not hear of it: the QEMU that waits is ended', () => {
    const walk = directTo('perform3').fail('perform', operationFailed);
    walk.fail('finishCancelled', connectionLost).done('look', look('running', 'incoming'));
    expect(walk.inFlight.has('endIncoming')).toBe(true);
  });

  test('and the source could not take its guest back: it is resumed, since Finish was never sent', () => {
    const walk = directTo('perform3').see('source.migration.completed');
    walk.see('destination.connection.lost').fail('perform', connectionLost);
    walk.fail('finishCancelled', connectionLost).done('look', look('paused', 'unreachable'));
    expect(walk.inFlight.get('resume')).toMatchObject({ src: 'resumeSource', input: onSource });
    expect(outputOf(asBefore(walk.done('resume'))).outcome).toBe('rolledBack');
  });
});

describe('what was never reached is never reported', () => {
  const reached = {
    linking: [],
    begin3: ['BEGIN3'],
    prepare: ['BEGIN3', 'PREPARE'],
    perform3: ['BEGIN3', 'PREPARE', 'PERFORM3'],
    finish3: ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE'],
    confirm3: ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3'],
  } satisfies Record<DirectState, readonly string[]>;

  test.each(directStates)('in %s', (state) => {
    const { context } = directTo(state).snapshot;
    expect(toPhaseRecords(context.reached).map(({ phase }) => phase)).toEqual(reached[state]);
  });
});

describe('a phase that no daemon has heard of', () => {
  test.each([
    ['prepare', ['BEGIN3', 'CONFIRM3_CANCELLED']],
    ['perform3', ['BEGIN3', 'PREPARE']],
  ] as const)('is not reported: %s', (state, phases) => {
    const walk = directTo(state).fail(callOf[state], notSent);
    if (state === 'prepare') walk.done('confirmCancelled', at(60));
    else walk.done('finishCancelled', nothing);
    expect(outputOf(asBefore(walk)).phases.map(({ phase }) => phase)).toEqual(phases);
  });

  test('is reported where the hosts have shown it all the same', () => {
    const walk = directTo('perform3').see('source.migration.completed').fail('perform', notSent);
    asBefore(walk.done('finishCancelled', nothing));
    expect(outputOf(walk).phases.map(({ phase }) => phase)).toEqual([
      'BEGIN3',
      'PREPARE',
      'PERFORM3',
      'PERFORM3_DONE',
    ]);
  });
});

test('the migration is asked for once', () => {
  const walk = directTo('confirm3').done('confirm', at(60));
  for (const src of Object.values(callOf)) expect(countOf(walk, src)).toBe(1);
});
