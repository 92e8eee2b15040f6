import { describe, expect, test } from 'vitest';

import { look } from './hosts.ts';
import type { OfflineState } from './offline.ts';
import { held, input, offline, offlineStates, offlineTo } from './offline.ts';
import { connectionLost, countOf, operationFailed, outputOf, phasesOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const moving = offlineStates.filter((state) => state.startsWith('moving.'));
const transferring = offlineStates.filter((state) => state.startsWith('transferring.'));
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });
const madeOf = (walk: Walk) => outputOf(walk).volumesMade;
const volumeExists = { code: 'volumeExists', message: 'it is there', effect: 'none' } as const;
const isOver = (walk: Walk): boolean => walk.snapshot.status !== 'active';

describe('a move of a domain that is shut off', () => {
  test('copies disk by disk, looks, and hands the definition over phase by phase', () => {
    const walk = offlineTo('uncertain.comparing').done('compare');
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null, downtimeMs: null });
    expect(walk.started()).toEqual([
      'watchSource',
      'makeVolume',
      'copyDisk',
      'makeVolume',
      'copyDisk',
      'inspectPeers',
      'compareCopies',
      'holdLink',
      'begin',
      'prepare',
      'finish',
      'confirm',
      'inspectPeers',
      'compareCopies',
    ]);
    expect(phasesOf(walk)).toEqual([
      'BEGIN3 ours',
      'PREPARE ours',
      'FINISH3 ours',
      'CONFIRM3 ours',
    ]);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('of which nothing has to be copied begins with the look', () => {
    expect(offline({ disks: [] }).isIn('moving.lookingFirst')).toBe(true);
  });

  test('gives each disk its own way', () => {
    const walk = offline();
    expect(walk.inFlight.get('makeVolume')?.input).toMatchObject({ disk: input.disks[0] });
    walk.done('makeVolume', { atEpochMs: 1 }).done('copyDisk', { atEpochMs: 2 });
    expect(walk.inFlight.get('makeVolume')?.input).toMatchObject({ disk: input.disks[1] });
  });

  test('tells which volumes it made', () => {
    const walk = offlineTo('uncertain.comparing').done('compare');
    expect(madeOf(walk)).toEqual(['/pool/vda.img', '/pool/vdb.img']);
  });

  test('without disks goes on without its watch: the look tells the same', () => {
    const walk = offline({ disks: [] }).fail('watchSource', connectionLost);
    expect(walk.isIn('moving.lookingFirst')).toBe(true);
    expect(walk.see('source.connection.lost').isIn('moving.lookingFirst')).toBe(true);
  });
});

describe('an abort', () => {
  test.each(moving)('in %s ends the move at once; the source was never touched', (state) => {
    const walk = offlineTo(state);
    expect(walk.snapshot.hasTag('abortable')).toBe(true);
    abort(walk);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', effect: 'none' },
      phases: [],
    });
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test.each([
    ['moving.makingVolume', ['/pool/vda.img']],
    ['moving.copyingDisk', ['/pool/vda.img']],
    ['moving.lookingFirst', ['/pool/vda.img', '/pool/vdb.img']],
  ] as const)('in %s tells which volumes may be its own', (state, made) => {
    expect(madeOf(abort(offlineTo(state)))).toEqual(made);
  });

  test.each(transferring)('in %s is refused: it takes a moment, and is one step', (state) => {
    expect(offlineTo(state).snapshot.can({ type: 'abort.requested' })).toBe(false);
  });
});

describe('a volume', () => {
  test('that stands there already is not ours: the move ends, and it is not told as made', () => {
    const walk = offline().fail('makeVolume', volumeExists);
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', failure: volumeExists });
    expect(madeOf(walk)).toEqual([]);
  });

  test('of a second disk that stands there leaves the first one as made', () => {
    const walk = offlineTo('moving.copyingDisk').done('copyDisk', { atEpochMs: 2 });
    expect(madeOf(walk.fail('makeVolume', volumeExists))).toEqual(['/pool/vda.img']);
  });

  test.each([
    [connectionLost, ['/pool/vda.img']],
    [operationFailed, []],
  ])('that could not be made (%o) may be ours only where nobody knows that', (failure, made) => {
    const walk = offline().fail('makeVolume', failure);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: failure.code },
    });
    expect(madeOf(walk)).toEqual(made);
  });

  test('that could not be filled is ours', () => {
    const walk = offlineTo('moving.copyingDisk').fail('copyDisk', connectionLost);
    expect(outputOf(walk).outcome).toBe('rolledBack');
    expect(madeOf(walk)).toEqual(['/pool/vda.img']);
  });
});

const silent = (): Walk =>
  offlineTo('moving.lookingFirst').done('lookFirst', held('silent', 'nothing'));

describe('a domain that is started meanwhile', () => {
  const startedMeanwhile = {
    outcome: 'rolledBack',
    failure: { code: 'guestStarted', effect: 'none' },
  };

  test.each(moving)('in %s calls the move off', (state) => {
    const walk = offlineTo(state).see('source.domain.started', 'booted');
    expect(outputOf(walk)).toMatchObject(startedMeanwhile);
    expect(walk.started()).not.toContain('begin');
  });

  test.each(moving)('and shut down again in %s while nobody watched is not missed', (state) => {
    for (const walk of [
      offlineTo(state).see('source.connection.lost'),
      offlineTo(state).fail('watchSource', connectionLost),
    ]) {
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'sourceUnwatched', effect: 'none' },
      });
      expect(walk.started()).not.toContain('begin');
    }
  });

  test('is seen by the last look before the definition goes, whatever the watch saw', () => {
    const walk = offlineTo('moving.lookingFirst').done('lookFirst', held('on', 'nothing'));
    expect(outputOf(walk)).toMatchObject(startedMeanwhile);
  });

  test('is looked for again as long as the source is silent', () => {
    const walk = silent();
    expect(walk.isIn('moving.lookingFirst.waiting')).toBe(true);
    walk.elapse('askAgain').fail('lookFirst', connectionLost).elapse('askAgain');
    walk.done('lookFirst', held('on', 'nothing'));
    expect(outputOf(walk)).toMatchObject(startedMeanwhile);
  });

  test('or aborted, while the source is silent', () => {
    expect(outputOf(abort(silent())).failure?.code).toBe('abortRequested');
    expect(outputOf(silent().see('source.domain.started')).failure?.code).toBe('guestStarted');
  });

  test('is not waited for without an end', () => {
    const walk = silent();
    walk.elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'peerUnreachable', effect: 'none' },
    });
  });
});

const failIn = (state: OfflineState, actor: string, failure = operationFailed): Walk =>
  offlineTo(state).fail(actor, failure);

describe('a phase that fails', () => {
  test.each([
    ['transferring.linking', 'link'],
    ['transferring.begin3', 'begin'],
  ] as const)('%s: nothing went over', (state, actor) => {
    const walk = failIn(state, actor).done('look', held('off', 'nothing'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: operationFailed.code },
    });
    expect(walk.inFlight.has('link')).toBe(false);
  });

  test('Prepare: the source is told, since its job is protected until Confirm', () => {
    const walk = failIn('transferring.prepare', 'prepare');
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
    walk.done('confirmCancelled', { atEpochMs: 60 }).done('look', held('off', 'nothing'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
    expect(walk.started()).not.toContain('finish');
  });

  test('Prepare, and the source does not hear of it', () => {
    const walk = failIn('transferring.prepare', 'prepare').fail('confirmCancelled', connectionLost);
    expect(outputOf(walk.done('look', held('off', 'nothing'))).outcome).toBe('rolledBack');
  });

  test('Finish that holds nothing: Confirm is sent as cancelled, never as done', () => {
    const walk = offlineTo('transferring.finish3');
    walk.done('finish', { holds: 'nothing', atEpochMs: 40 });
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
    expect(walk.started()).not.toContain('confirm');
  });

  test.each([
    ['the destination has it', held('off', 'off'), 'completed'],
    ['the destination has nothing', held('off', 'nothing'), 'rolledBack'],
  ] as const)('Finish whose reply is lost: %s', (_, view, outcome) => {
    const walk = failIn('transferring.finish3', 'finish', connectionLost).done('look', view);
    if (outcome === 'completed') walk.done('compare');
    expect(outputOf(walk).outcome).toBe(outcome);
    expect(outputOf(walk).failure === null).toBe(outcome === 'completed');
  });

  test('Confirm whose reply is lost changes nothing about the success', () => {
    const walk = failIn('transferring.confirm3', 'confirm', connectionLost);
    expect(outputOf(walk.done('look', held('off', 'off')).done('compare'))).toMatchObject({
      outcome: 'completed',
      failure: null,
    });
  });
});

const halfThere = (): Walk =>
  offlineTo('transferring.finish3')
    .fail('finish', connectionLost)
    .done('look', held('off', 'half'));

describe('what Prepare made and Finish has not written', () => {
  test('is taken away, and nothing else', () => {
    const walk = halfThere();
    expect(walk.inFlight.get('forget')).toMatchObject({
      src: 'forgetHalfMoved',
      input: { host: input.destination, domainUuid: input.domain.uuid },
    });
    walk.done('forget').done('look', held('off', 'nothing'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'connectionLost' },
    });
  });

  test('that cannot be taken away is tried again, and told in the end', () => {
    const walk = halfThere().fail('forget', operationFailed).elapse('askAgain');
    walk.done('look', held('off', 'half')).fail('forget', operationFailed).elapse('peerWait');
    expect(countOf(walk, 'forgetHalfMoved')).toBe(2);
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });
});

describe('a destination that does not answer', () => {
  test('is asked again every second, and decides when it does', () => {
    const walk = offlineTo('transferring.finish3').fail('finish', connectionLost);
    for (let times = 1; times <= 3; times += 1)
      walk.done('look', held('off', 'silent')).elapse('askAgain');
    expect(countOf(walk, 'inspectPeers')).toBe(5);
    walk.done('look', held('off', 'off')).done('compare');
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test('leaves it to an operator in the end, with what each side holds', () => {
    const walk = offlineTo('transferring.finish3').fail('finish', connectionLost);
    walk.done('look', held('off', 'silent')).elapse('peerWait');
    const { outcome, failure } = outputOf(walk);
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'peerUnreachable',
    });
    expect(failure?.message).toContain('start it on one of them only');
    expect(failure?.message).toContain(connectionLost.message);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('nor lets a look be made', () => {
    const walk = offlineTo('uncertain.looking').fail('look', connectionLost).elapse('peerWait');
    expect(outputOf(walk).failure?.message).toContain('neither host has answered');
  });
});

test('a link that is lost ends the phase that is under way, and nothing else', () => {
  const walk = offlineTo('transferring.finish3').see('link.destination.lost');
  expect(isOver(walk)).toBe(false);
  walk.fail('finish', connectionLost).done('look', look('absent', 'absent'));
  expect(outputOf(walk).outcome).toBe('rolledBack');
});
