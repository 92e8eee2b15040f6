import { describe, expect, test } from 'vitest';

import type { DirectState } from './direct.ts';
import { callOf, direct, directTo, isAt } from './direct.ts';
import { look } from './hosts.ts';
import { connectionLost, countOf, input, operationFailed, outputOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const phases = ['begin3', 'prepare', 'perform3', 'finish3', 'confirm3'] as const;
const peers = ['source', 'destination'] as const;
type Phase = (typeof phases)[number];

const cutIn = (state: DirectState, peer: 'source' | 'destination'): Walk =>
  directTo(state).see(`link.${peer}.lost`);

/** What the daemons do by themselves when their client is gone, and how the phase's call ends. */
const ends: Readonly<Record<Phase, (walk: Walk) => Walk>> = {
  begin3: (walk) => walk.fail('begin', connectionLost).done('look', look('running', 'absent')),
  prepare: (walk) =>
    walk
      .fail('prepare', connectionLost)
      .fail('confirmCancelled', connectionLost)
      .done('look', look('running', 'absent')),
  perform3: (walk) =>
    walk
      .fail('perform', connectionLost)
      .fail('finishCancelled', connectionLost)
      .done('look', look('running', 'absent')),
  finish3: (walk) => walk.fail('finish', connectionLost).done('look', look('paused', 'running')),
  confirm3: (walk) => walk.fail('confirm', connectionLost).done('look', look('paused', 'running')),
};

describe('the link', () => {
  test('is opened before anything begins, and begins with it', () => {
    const walk = direct();
    expect(walk.inFlight.get('link')).toMatchObject({
      src: 'holdLink',
      input: { source: input.source, destination: input.destination },
    });
    expect(walk.started()).not.toContain('begin');
    expect(walk.see('link.opened').inFlight.has('begin')).toBe(true);
  });

  test('that cannot be opened leaves everything as it was', () => {
    const walk = direct().fail('link', connectionLost).done('look', look('running', 'absent'));
    const { outcome, failure, phases: reached } = outputOf(walk);
    expect({ outcome, reached }).toEqual({ outcome: 'rolledBack', reached: [] });
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'none' });
    expect(walk.started()).not.toContain('begin');
  });

  test('is ended with the run', () => {
    const walk = directTo('confirm3').done('confirm', { atEpochMs: 60 });
    expect(walk.inFlight.has('link')).toBe(false);
  });
});

describe.each(peers)('the connection to the %s is lost', (peer) => {
  test.each(['begin3', 'prepare', 'perform3'] as const)(
    'in %s: the daemons undo what they hold, and the guest is as it was',
    (state) => {
      const walk = ends[state](cutIn(state, peer));
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'connectionLost', effect: 'none' },
      });
      expect(walk.started()).not.toContain('finish');
    },
  );

  test.each(['finish3', 'confirm3'] as const)(
    'in %s: the destination runs, so the older copy goes and is never resumed',
    (state) => {
      const walk = ends[state](cutIn(state, peer));
      if (walk.inFlight.has('confirm')) walk.fail('confirm', connectionLost);
      if (walk.inFlight.has('look')) walk.done('look', look('paused', 'running'));
      walk.done('destroy').done('look', look('absent', 'running'));
      expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
      expect(walk.started()).not.toContain('confirmCancelled');
      expect(walk.started()).not.toContain('resumeSource');
    },
  );

  test.each(phases)('in %s a call that is answered all the same is believed', (state) => {
    const walk = cutIn(state, peer);
    const answer = { holds: 'guest', atEpochMs: 70 } as const;
    walk.done(callOf[state], answer);
    expect(isAt(walk, 'uncertain')).toBe(false);
  });
});

describe('the source drops its job with its connection', () => {
  test('after Finish was lost it is not waited for by Confirm any more', () => {
    const walk = cutIn('finish3', 'source').fail('finish', connectionLost);
    walk.done('look', look('paused', 'absent'));
    expect(walk.started()).not.toContain('confirmCancelled');
    expect(walk.inFlight.get('resume')?.src).toBe('resumeSource');
  });

  test('a job that goes on all the same is followed', () => {
    const walk = cutIn('perform3', 'source').fail('perform', connectionLost);
    walk.done('finishCancelled', { holds: 'nothing', atEpochMs: 60 });
    walk.done('look', look('busy', 'absent'));
    expect(isAt(walk, 'following')).toBe(true);
    walk.done('follow', { atEpochMs: 9 }).done('look', look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });
});

describe('a host that holds back its answer for too long', () => {
  const doubts: readonly (readonly [string, Phase, (walk: Walk) => Walk, string])[] = [
    ['no look succeeds', 'finish3', (walk) => walk.fail('look', connectionLost), 'peerUnreachable'],
    ['a look is under way', 'finish3', (walk) => walk, 'peerUnreachable'],
    [
      'the source is silent',
      'finish3',
      (walk) => walk.done('look', look('unreachable', 'running')),
      'peerUnreachable',
    ],
    [
      'the source cannot be resumed',
      'perform3',
      (walk) => walk.done('look', look('paused', 'absent')).fail('resume', operationFailed),
      'sourceNotResumed',
    ],
    [
      'the older copy cannot be ended',
      'confirm3',
      (walk) => walk.done('look', look('paused', 'running')).fail('destroy', operationFailed),
      'sourceNotEnded',
    ],
    [
      'what waits there cannot be ended',
      'perform3',
      (walk) => walk.done('look', look('running', 'incoming')).fail('endIncoming', operationFailed),
      'incomingNotEnded',
    ],
  ];

  test.each(doubts)('%s (%s): an operator is told', (_, state, doubt, code) => {
    const walk = directTo(state).fail(callOf[state], connectionLost);
    if (state === 'perform3') walk.fail('finishCancelled', connectionLost);
    doubt(walk).elapse('peerWait');
    const { outcome, failure } = outputOf(walk);
    expect(outcome).toBe('needsOperator');
    expect(failure).toMatchObject({ code, effect: 'unknown' });
    expect(failure?.message).toContain(`Cause: ${connectionLost.message}`);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('is asked again every second', () => {
    const walk = directTo('finish3').fail('finish', connectionLost);
    for (let asked = 1; asked <= 3; asked += 1) {
      expect(countOf(walk, 'inspectPeers')).toBe(asked);
      walk.done('look', look('busy', 'incoming')).elapse('askAgain');
    }
  });
});
