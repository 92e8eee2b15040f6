import { describe, expect, test } from 'vitest';

import { domain, look } from './hosts.ts';
import {
  advance,
  connectionLost,
  input,
  migrate,
  operationFailed,
  outputOf,
  phaseStates,
} from './peer2peer.ts';
import type { Walk } from './walk.ts';

const oneCopy = 'migrating.oneCopy';
const performing = 'migrating.execution.performing';
const onSource = { host: input.source, domainUuid: domain.uuid };

/** The destination runs, and then the source's copy is resumed: its Finish reply was lost. */
const bothSeen = (change: Parameters<typeof migrate>[0] = {}): Walk =>
  advance(migrate(change), 'finish3').see('source.domain.resumed', 'unpaused');

describe('two copies seen by events', () => {
  test('are doubted at once, while the migration goes on', () => {
    const walk = bothSeen();
    expect(walk.inFlight.get('lookForTwo')?.src).toBe('inspectPeers');
    expect(walk.isIn(performing)).toBe(true);
  });

  test('the older one is suspended as soon as a look confirms it, and the operator is told', () => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    expect(walk.inFlight.get('suspendOlderCopy')).toMatchObject({
      src: 'suspendSource',
      input: onSource,
    });
    expect([...walk.inFlight.keys()]).toEqual(['suspendOlderCopy']);
    walk.done('suspendOlderCopy').done('lookAfterSplit', look('paused', 'running'));
    const { outcome, failure, peers } = outputOf(walk);
    expect(outcome).toBe('needsOperator');
    expect(failure).toMatchObject({ code: 'splitBrain', effect: 'unknown' });
    expect(failure?.message).toContain('now suspended');
    expect(failure?.message).toContain('source: paused (migration); destination: running');
    expect(peers).toEqual(look('paused', 'running'));
  });

  test('no copy is ever destroyed or resumed by us', () => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    walk.done('suspendOlderCopy').done('lookAfterSplit', look('paused', 'running'));
    expect(walk.started()).not.toContain('destroySource');
    expect(walk.started()).not.toContain('resumeSource');
  });

  test('a suspend that fails is tried again, and told as it is in the end', () => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    walk
      .fail('suspendOlderCopy', connectionLost)
      .done('lookAfterSplit', look('running', 'running'));
    expect(walk.elapse('askAgain').inFlight.has('suspendOlderCopy')).toBe(true);
    walk.elapse('peerWait');
    expect(outputOf(walk).failure).toMatchObject({ code: 'splitBrain' });
    expect(outputOf(walk).failure?.message).toContain('both hosts run guest: stop one of them now');
  });

  test.each([
    ['the source is silent', 'unreachable', 'running'],
    ['the source runs and the destination is silent', 'running', 'unreachable'],
    ['both are silent', 'unreachable', 'unreachable'],
  ] as const)('the older one is stopped again while %s', (_, source, destination) => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    walk.fail('suspendOlderCopy', connectionLost).done('lookAfterSplit', look(source, destination));
    walk.elapse('askAgain').done('suspendOlderCopy');
    walk.done('lookAfterSplit', look('paused', destination));
    expect(outputOf(walk).failure?.message).toContain('now suspended');
  });

  test('a copy that ended on the destination leaves the one on the source alone', () => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    walk.fail('suspendOlderCopy', connectionLost).done('lookAfterSplit', look('running', 'absent'));
    expect(outputOf(walk).failure?.message).toContain('only the copy on the source runs now');
    expect(walk.started().filter((src) => src === 'suspendSource')).toHaveLength(1);
  });

  test('a last look that fails does not keep the operator from knowing', () => {
    const walk = bothSeen().done('lookForTwo', look('running', 'running'));
    walk.done('suspendOlderCopy').fail('lookAfterSplit', connectionLost);
    walk.elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'splitBrain' },
    });
  });

  test('are only reported where that was asked for', () => {
    const walk = bothSeen({ onSplitBrain: 'report' }).done(
      'lookForTwo',
      look('running', 'running'),
    );
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'splitBrain' },
    });
    expect(walk.started()).not.toContain('suspendSource');
  });
});

describe('a false alarm', () => {
  test('returns to trusting without leaving the migration', () => {
    // The events of two hosts crossed: the source's stop comes after the destination's start.
    const walk = migrate().see('destination.domain.resumed', 'migrated');
    walk.done('lookForTwo', look('busy', 'running'));
    expect(walk.isIn(`${oneCopy}.trusting`)).toBe(true);
    expect(walk.entered.filter((state) => state.startsWith('migrating.execution'))).toEqual([
      performing,
    ]);
    walk.see('source.domain.stopped', 'migrated').done('perform', { atEpochMs: 99 });
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('may be followed by a true one', () => {
    const walk = migrate().see('destination.domain.resumed', 'migrated');
    walk.done('lookForTwo', look('busy', 'running')).see('source.domain.resumed', 'unpaused');
    expect(walk.inFlight.has('lookForTwo')).toBe(true);
  });

  test.each([
    ['source.domain.suspended', 'migrated'],
    ['source.domain.stopped', 'migrated'],
    ['destination.domain.stopped', 'failed'],
    ['destination.domain.suspended', 'paused'],
  ])('is over when %s shows one copy, whoever kept silent', (event, detail) => {
    const walk = bothSeen().done('lookForTwo', look('running', 'unreachable'));
    expect(walk.isIn(`${oneCopy}.stillDoubting`)).toBe(true);
    walk.see(event, detail);
    expect(walk.isIn(`${oneCopy}.trusting`)).toBe(true);
    expect([...walk.timers.keys()]).toEqual([]);
  });
});

describe('a doubt that a look does not settle', () => {
  test.each([
    [
      'the destination is silent',
      (walk: Walk) => walk.done('lookForTwo', look('running', 'unreachable')),
    ],
    [
      'the source is silent',
      (walk: Walk) => walk.done('lookForTwo', look('unreachable', 'running')),
    ],
    ['the look fails', (walk: Walk) => walk.fail('lookForTwo', connectionLost)],
  ])('is looked at again after a second when %s', (_, unsettled) => {
    const walk = unsettled(bothSeen());
    expect(walk.inFlight.has('lookForTwo')).toBe(false);
    expect([...walk.timers.values()].map(({ delayMs }) => delayMs)).toEqual([1_000]);
    walk.elapse('askAgain').done('lookForTwo', look('running', 'running'));
    expect(walk.inFlight.has('suspendOlderCopy')).toBe(true);
  });

  test('does not keep the reply from ending the run', () => {
    expect(outputOf(bothSeen().done('perform', { atEpochMs: 99 })).outcome).toBe('completed');
  });
});

describe('two copies seen by the look after a failed call', () => {
  test.each(phaseStates)('in %s: the older one is suspended', (state) => {
    const walk = advance(migrate(), state).fail('perform', operationFailed);
    walk.done('look', look('running', 'running'));
    expect(walk.inFlight.get('suspendOlderCopy')?.input).toEqual(onSource);
    walk.done('suspendOlderCopy').done('lookAfterSplit', look('paused', 'running'));
    const { outcome, failure } = outputOf(walk);
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'splitBrain',
    });
    expect(failure?.message).toContain(operationFailed.message);
  });
});

test('a guest that stood before raises no alarm when it runs on the destination', () => {
  const walk = migrate({ domain: { ...domain, state: 'paused', reason: 'user' } });
  advance(walk, 'finish3');
  expect(walk.isIn(`${oneCopy}.trusting`)).toBe(true);
});
