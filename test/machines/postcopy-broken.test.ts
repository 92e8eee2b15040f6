import { describe, expect, test } from 'vitest';

import { look } from './hosts.ts';
import { bothProtocols, breaks, brokenIn, direct, peer2peer } from './postcopy-walks.ts';
import { connectionLost, countOf, input, operationFailed, outputOf, phasesOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const broken = (atEpochMs?: number) => look('brokenPostcopy', 'brokenPostcopy', atEpochMs);
const state = 'migrating.execution.postcopyBroken';
const endsACopy = ['resumeSource', 'destroySource', 'destroyIncoming', 'suspendSource', 'confirm'];
const isOver = (walk: Walk): boolean => walk.snapshot.status !== 'active';

const untouched = (walk: Walk): void => {
  for (const src of endsACopy) expect(walk.started()).not.toContain(src);
};

describe.each(bothProtocols)('a broken post-copy of a %s migration', (_, driven) => {
  const { attempt, recovered, refused } = driven;

  test('is waited with, and nothing is resumed or ended', () => {
    const walk = brokenIn(driven);
    expect(walk.isIn(`${state}.waiting`)).toBe(true);
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    untouched(walk);
  });

  test('is taken up by itself after three seconds, by the same call with POSTCOPY_RESUME', () => {
    const walk = brokenIn(driven);
    const delays = [...walk.timers.values()].filter(({ id }) => id.includes('recoverAgain'));
    expect(delays.map(({ delayMs }) => delayMs)).toEqual([3_000]);
    walk.elapse('recoverAgain');
    expect(walk.inFlight.get(attempt)?.input).toMatchObject({
      call: { ...input.call, purpose: 'resumePostcopy', options: { postcopy: true } },
    });
  });

  test('is taken up at once when asked for', () => {
    expect(brokenIn(driven).send({ type: 'postcopy.recover' }).inFlight.has(attempt)).toBe(true);
  });

  test('that goes on to its end is a success', () => {
    const walk = recovered(brokenIn(driven).elapse('recoverAgain'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(outputOf(walk).phases.map(({ phase }) => phase)).toEqual([
      'BEGIN3',
      'PREPARE',
      'PERFORM3',
      'PERFORM3_DONE',
      'FINISH3',
      'CONFIRM3',
    ]);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('does not make the downtime longer', () => {
    const walk = brokenIn(driven).elapse('recoverAgain');
    walk
      .see('destination.domain.resumed', 'postcopy')
      .see('destination.domain.resumed', 'migrated');
    expect(outputOf(recovered(walk)).downtimeMs).toBe(1);
  });

  test('that cannot be taken up yet is tried again', () => {
    const walk = brokenIn(driven);
    for (let times = 1; times <= 3; times += 1) {
      refused(walk.elapse('recoverAgain')).done('lookAtPostcopy', broken(1_000 + times));
      expect(walk.isIn(`${state}.waiting`)).toBe(true);
    }
    untouched(walk);
  });

  test('whose time went by while nobody drove is tried once more', () => {
    const walk = brokenIn(driven);
    const timer = [...walk.timers.values()].find(({ id }) => id.includes('postcopyWait'));
    if (timer === undefined) throw new Error('nobody waits for a broken post-copy');
    walk.timers.delete(timer.id);
    walk.send(Object.assign({ ...timer.event }, { late: true }));
    expect(walk.inFlight.has(attempt)).toBe(true);
    refused(walk).done('lookAtPostcopy', broken(400_000));
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });

  test('that nobody can take up is left to an operator when its time is over', () => {
    const walk = brokenIn(driven, { postcopyWaitMs: 60_000 });
    refused(walk.elapse('recoverAgain')).done('lookAtPostcopy', broken(30_000));
    expect(isOver(walk)).toBe(false);
    if ([...walk.timers.keys()].some((id) => id.includes('postcopyWait')))
      walk.elapse('postcopyWait');
    else refused(walk.elapse('recoverAgain')).done('lookAtPostcopy', broken(61_000));
    const { outcome, failure } = outputOf(walk);
    expect(outcome).toBe('needsOperator');
    expect(failure).toMatchObject({ code: 'postcopyBroken', effect: 'unknown' });
    expect(failure?.message).toContain('resume nothing on the source');
    expect(failure?.message).toContain(
      'source: paused (postcopyFailed); destination: running (postcopyFailed)',
    );
    untouched(walk);
  });

  test('may be given up by hand, at once', () => {
    const walk = brokenIn(driven).send({ type: 'postcopy.giveUp' });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'postcopyBroken' },
    });
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
    untouched(walk);
  });

  test('may be given up while it is being taken up', () => {
    const walk = brokenIn(driven).elapse('recoverAgain').send({ type: 'postcopy.giveUp' });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'postcopyBroken' },
    });
  });

  test('that QEMU and the daemons have ended by themselves is a success', () => {
    const walk = refused(brokenIn(driven).elapse('recoverAgain'));
    walk.done('lookAtPostcopy', look('absent', 'running')).done('look', look('absent', 'running'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    untouched(walk);
  });

  test('that goes on although the attempt was lost is followed', () => {
    const walk = brokenIn(driven).elapse('recoverAgain').fail(attempt, connectionLost);
    const goesOn = look('leftInPostcopy', 'inPostcopy');
    walk.done('lookAtPostcopy', goesOn).done('look', goesOn);
    expect(walk.isIn('migrating.execution.fetching')).toBe(true);
    walk.elapse('askAgain').done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test.each([
    ['source', look('unreachable', 'brokenPostcopy')],
    ['destination', look('brokenPostcopy', 'unreachable')],
    ['whole world', look('unreachable', 'unreachable')],
  ] as const)('is not mended by a silent %s', (_side, silent) => {
    const walk = refused(brokenIn(driven).elapse('recoverAgain')).done('lookAtPostcopy', silent);
    expect(walk.isIn(`${state}.waiting`)).toBe(true);
    untouched(walk);
  });

  test('is bounded although no look succeeds', () => {
    const walk = brokenIn(driven);
    refused(walk.elapse('recoverAgain')).fail('lookAtPostcopy', connectionLost);
    walk.elapse('postcopyWait');
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });
});

const hung = (driven: typeof direct): Walk => {
  const walk = driven.precopying().send({ type: 'postcopy.start' }).done('startPostcopy');
  walk.see('source.migration.postcopy-active').see('source.domain.suspended', 'postcopy');
  if (driven.protocol === 'direct') walk.done('perform', { atEpochMs: 40 });
  return walk
    .see('source.migration.postcopy-paused')
    .see('source.domain.suspended', 'postcopyFailed');
};
/** The first looks and, where we hold the source's job, its end. */
const looked = (walk: Walk): Walk => {
  walk.done('look', look('brokenPostcopy', 'incoming'));
  if (walk.inFlight.has('leaveHalf'))
    walk.done('leaveHalf', { atEpochMs: 60 }).done('look', look('brokenPostcopy', 'incoming'));
  return walk;
};

describe('post-copy broken before the destination ran (its Finish hangs there)', () => {
  test.each(bothProtocols)(
    '%s: the call is not waited for beyond the time for a host',
    (_, driven) => {
      const walk = looked(hung(driven).elapse('peerWait'));
      expect(walk.isIn(state)).toBe(true);
      untouched(walk);
    },
  );

  test.each(bothProtocols)('%s: ends with what each side holds', (_, driven) => {
    const walk = looked(hung(driven).elapse('peerWait'));
    driven.refused(walk.elapse('recoverAgain'));
    walk.done('lookAtPostcopy', look('brokenPostcopy', 'incoming', 1_000_000));
    if (!isOver(walk)) walk.elapse('postcopyWait');
    const { outcome, failure } = outputOf(walk);
    expect(outcome).toBe('needsOperator');
    expect(failure?.code).toBe('postcopyBroken');
    expect(failure?.message).toContain(
      'source: paused (postcopyFailed); destination: paused (startingUp)',
    );
    untouched(walk);
  });

  test.each(bothProtocols)('%s: may be given up at once', (_, driven) => {
    const walk = hung(driven).send({ type: 'postcopy.giveUp' });
    if (!isOver(walk)) looked(walk);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'postcopyBroken' },
    });
  });

  test('a source that is left half-way with nothing there is no case of a silent host', () => {
    const walk = direct.over(direct.precopying()).fail('finish', connectionLost);
    walk.done('look', look('inPostcopy', 'absent')).elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'postcopyBroken' },
    });
    untouched(walk);
  });
});

describe('taken up phase by phase', () => {
  const calls = ['beginResume', 'prepareResume', 'performResume', 'finishResume', 'confirmResume'];
  const upTo = (call: string): Walk => {
    const walk = brokenIn(direct).elapse('recoverAgain');
    for (const each of calls.slice(0, calls.indexOf(call)))
      walk.done(each, { holds: 'guest', atEpochMs: 70 });
    return walk;
  };

  test.each(['prepareResume', 'performResume', 'finishResume'])(
    '%s fails: the source is told, and it is broken as before',
    (call) => {
      const walk = upTo(call).fail(call, operationFailed);
      // A destination that was prepared listens until it hears that nothing comes.
      if (call === 'performResume') walk.fail('cancelResume', operationFailed);
      expect(walk.inFlight.get('giveBack')).toMatchObject({
        src: 'confirmCancelled',
        input: { call: { purpose: 'resumePostcopy' } },
      });
      walk.done('giveBack', { atEpochMs: 90 }).done('lookAtPostcopy', broken());
      expect(walk.isIn(`${state}.waiting`)).toBe(true);
      untouched(walk);
    },
  );

  test.each(['beginResume', 'confirmResume'])('%s fails: looked at', (call) => {
    const walk = upTo(call).fail(call, operationFailed);
    expect(walk.inFlight.has('lookAtPostcopy')).toBe(true);
    expect(walk.started().filter((src) => src === 'confirmCancelled')).toHaveLength(1);
  });

  test('Finish that holds nothing gives the job back', () => {
    const walk = upTo('finishResume').done('finishResume', { holds: 'nothing', atEpochMs: 80 });
    expect(walk.inFlight.has('giveBack')).toBe(true);
  });

  test('a link that was lost is opened first', () => {
    const walk = brokenIn(direct).see('link.source.lost').elapse('recoverAgain');
    expect(walk.inFlight.has('beginResume')).toBe(false);
    expect(countOf(walk, 'holdLink')).toBe(2);
    expect(walk.see('link.opened').inFlight.has('beginResume')).toBe(true);
  });

  test('a link that cannot be opened is tried again', () => {
    const walk = brokenIn(direct).see('link.destination.lost').elapse('recoverAgain');
    walk.fail('link', connectionLost).elapse('askAgain').done('lookAtPostcopy', broken());
    walk.elapse('recoverAgain');
    expect(countOf(walk, 'holdLink')).toBe(3);
    expect(outputOf(direct.recovered(walk.see('link.opened'))).outcome).toBe('completed');
  });

  test('a link that takes longer to open than a look is not begun anew', () => {
    const walk = brokenIn(direct).see('link.destination.lost').elapse('recoverAgain');
    walk.elapse('askAgain').done('lookAtPostcopy', broken()).elapse('recoverAgain');
    expect(countOf(walk, 'holdLink')).toBe(2);
  });

  test('a cancelled Confirm of post-copy is no CONFIRM3_CANCELLED: the source keeps its half', () => {
    const walk = brokenIn(direct).send({ type: 'postcopy.giveUp' });
    expect(phasesOf(walk)).not.toContain('CONFIRM3_CANCELLED ours');
  });
});

test('an attempt is one at a time', () => {
  const walk = brokenIn(peer2peer).elapse('recoverAgain');
  walk.send({ type: 'postcopy.recover' });
  expect(countOf(walk, 'performMigration')).toBe(2);
  expect(breaks(walk).inFlight.has('recover')).toBe(true);
});
