import { describe, expect, test } from 'vitest';

import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { destinationHolds, domain, look, sourceHolds } from './hosts.ts';
import type { PhaseState } from './peer2peer.ts';
import {
  advance,
  connectionLost,
  copyingInput,
  migrate,
  operationFailed,
  outputOf,
  phaseStates,
} from './peer2peer.ts';
import type { Walk } from './walk.ts';

const uncertain = 'migrating.execution.uncertain';
const isFrom = (first: PhaseState) => (state: PhaseState) =>
  phaseStates.indexOf(state) >= phaseStates.indexOf(first);
const mayHaveSwitched = isFrom('perform3Done');
const ranThere = isFrom('finish3');

/** The reply is lost in that phase, and the first look at both hosts shows this. */
function lostIn(state: PhaseState, source: SourceHolding, destination: DestinationHolding): Walk {
  const walk = advance(migrate(copyingInput), state).fail('perform', connectionLost);
  expect(walk.isIn(`${uncertain}.inspecting`)).toBe(true);
  return walk.done('look', look(source, destination));
}

describe.each(phaseStates)('a reply that is lost in %s', (state) => {
  test.each(['absent', 'shutoff'] as const)('guest gone over, source %s: completed', (source) => {
    const walk = lostIn(state, source, 'running');
    const { outcome, failure, phases } = outputOf(walk);
    expect({ outcome, failure }).toEqual({ outcome: 'completed', failure: null });
    expect(phases.map(({ phase }) => phase)).toContain('FINISH3');
  });

  test('older copy left on the source: it is destroyed, never resumed', () => {
    const walk = lostIn(state, 'paused', 'running');
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    walk.done('destroy').done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
    expect(walk.started()).not.toContain('resumeSource');
  });

  test('source daemon still at it: its job is followed, then both are asked again', () => {
    const walk = lostIn(state, 'busy', 'incoming');
    expect(walk.inFlight.get('follow')?.src).toBe('followMigration');
    expect([...walk.timers.keys()]).toEqual([]);
    walk.done('follow', { atEpochMs: 1 }).done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test('both run: the copy on the source is suspended', () => {
    expect(lostIn(state, 'running', 'running').inFlight.has('suspendOlderCopy')).toBe(true);
  });

  test('source as it was, nothing on the destination', () => {
    const { outcome, failure } = outputOf(lostIn(state, 'running', 'absent'));
    expect({ outcome, code: failure?.code }).toEqual(
      ranThere(state)
        ? { outcome: 'needsOperator', code: 'overtaken' }
        : { outcome: 'rolledBack', code: 'connectionLost' },
    );
    expect(failure?.effect).toBe(ranThere(state) ? 'unknown' : 'none');
  });

  test('source paused, nothing on the destination', () => {
    const walk = lostIn(state, 'paused', 'absent');
    if (ranThere(state)) {
      expect(outputOf(walk)).toMatchObject({
        outcome: 'needsOperator',
        failure: { code: 'overtaken' },
      });
      expect(walk.started()).not.toContain('resumeSource');
    } else {
      expect(walk.inFlight.get('resume')?.src).toBe('resumeSource');
      walk.done('resume').done('look', look('running', 'absent'));
      expect(outputOf(walk).outcome).toBe('rolledBack');
    }
  });

  test('an incoming copy beside a paused source is waited for where it may come to life', () => {
    const walk = lostIn(state, 'paused', 'incoming');
    expect(walk.inFlight.has('resume')).toBe(!mayHaveSwitched(state));
    expect(walk.isIn(`${uncertain}.waiting`)).toBe(mayHaveSwitched(state));
  });

  test('an incoming copy beside a running source is ended', () => {
    const walk = lostIn(state, 'running', 'incoming');
    expect(walk.inFlight.get('endIncoming')).toMatchObject({
      src: 'destroyIncoming',
      input: { host: 'simulated:///hostB', domainUuid: domain.uuid },
    });
    walk.done('endIncoming').done('look', look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe(ranThere(state) ? 'needsOperator' : 'rolledBack');
  });

  test('source as it was, destination silent', () => {
    const walk = lostIn(state, 'running', 'unreachable');
    if (mayHaveSwitched(state)) expect(walk.isIn(`${uncertain}.waiting`)).toBe(true);
    else expect(outputOf(walk).outcome).toBe('rolledBack');
  });

  test('source silent: asked again a second later', () => {
    const walk = lostIn(state, 'unreachable', 'incoming');
    expect(walk.isIn(`${uncertain}.waiting`)).toBe(true);
    const delaysMs = [...walk.timers.values()].map(({ delayMs }) => delayMs);
    expect(new Set(delaysMs)).toEqual(new Set([1_000, 120_000]));
    walk.elapse('askAgain').done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test.each(['absent', 'shutoff'] as const)('gone over and ended there, source %s', (source) => {
    expect(outputOf(lostIn(state, source, 'shutoff'))).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestEnded', effect: 'unknown' },
    });
  });

  test('ended before it went over: only where the source says so', () => {
    const ended = { ...domain, state: 'shutoff', reason: 'destroyed' } as const;
    const walk = advance(migrate(copyingInput), state).fail('perform', connectionLost);
    const source = { reachable: true, domain: ended } as const;
    walk.done('look', { ...look('absent', 'absent'), source });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: ranThere(state) ? 'guestEnded' : 'guestGone', effect: 'unknown' },
    });
  });
});

describe('a host that holds back its answer for too long', () => {
  const cases: readonly (readonly [string, (walk: Walk) => Walk, string, string])[] = [
    [
      'the source is silent',
      (walk) => walk.done('look', look('unreachable', 'running')),
      'peerUnreachable',
      'source: does not answer (connection refused); destination: running (migrated)',
    ],
    [
      'the destination is silent',
      (walk) => walk.done('look', look('paused', 'unreachable')),
      'peerUnreachable',
      'source: paused (migration); destination: does not answer (connection refused)',
    ],
    [
      'no look succeeds',
      (walk) => walk.fail('look', connectionLost),
      'peerUnreachable',
      'neither host has answered',
    ],
    ['a look is still under way', (walk) => walk, 'peerUnreachable', 'neither host has answered'],
    [
      'the source cannot be resumed',
      (walk) => walk.done('look', look('paused', 'absent')).fail('resume', operationFailed),
      'sourceNotResumed',
      'source: paused (migration); destination: has no such domain',
    ],
    [
      'the older copy cannot be ended',
      (walk) => walk.done('look', look('paused', 'running')).fail('destroy', operationFailed),
      'sourceNotEnded',
      'source: paused (migration); destination: running (migrated)',
    ],
  ];

  test.each(cases)('%s: an operator is told what each side holds', (_, doubt, code, held) => {
    const walk = advance(migrate(), 'perform3Done').fail('perform', connectionLost);
    doubt(walk).elapse('peerWait');
    const { outcome, failure } = outputOf(walk);
    expect(outcome).toBe('needsOperator');
    expect(failure).toMatchObject({ code, effect: 'unknown' });
    expect(failure?.message).toContain('guest');
    expect(failure?.message).toContain(held);
    expect(failure?.message).toContain(`Cause: ${connectionLost.message}`);
    expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
  });

  test('a refused resume is tried again', () => {
    const walk = lostIn('perform3Done', 'paused', 'absent').fail('resume', operationFailed);
    walk.elapse('askAgain').done('look', look('paused', 'absent'));
    expect(walk.started().filter((src) => src === 'resumeSource')).toHaveLength(2);
  });

  test('a copy that dies after it was seen running still forbids the resume', () => {
    const walk = lostIn('perform3.precopying', 'paused', 'running').fail(
      'destroy',
      operationFailed,
    );
    walk.elapse('askAgain').done('look', look('paused', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'overtaken' },
    });
  });
});

describe('a guest that was paused before', () => {
  const paused = { domain: { ...domain, state: 'paused', reason: 'user' } } as const;
  const lost = () => advance(migrate(paused), 'perform3Done').fail('perform', connectionLost);

  test('stays paused where it is', () => {
    expect(outputOf(lost().done('look', look('paused', 'absent'))).outcome).toBe('rolledBack');
  });

  test('has moved when it stands on the destination', () => {
    expect(outputOf(lost().done('look', look('absent', 'pausedByUser'))).outcome).toBe('completed');
    expect(lost().done('look', look('paused', 'pausedByUser')).inFlight.has('destroy')).toBe(true);
  });

  test('is left to a person when somebody has resumed it on the source', () => {
    const walk = lost().done('look', look('running', 'pausedByUser'));
    expect(outputOf(walk).failure?.code).toBe('overtaken');
    expect(walk.started()).not.toContain('destroySource');
  });
});

describe('a watch that broke', () => {
  test.each(['watchSource', 'watchDestination'])('%s fails: the migration goes on', (id) => {
    const walk = migrate().fail(id, connectionLost);
    expect(walk.isIn('migrating.execution.performing')).toBe(true);
  });

  const blindToSource: readonly (readonly [string, (walk: Walk) => Walk])[] = [
    ['its connection was lost', (walk) => walk.see('source.connection.lost')],
    [
      'its connection came back',
      (walk) => walk.see('source.connection.lost').see('source.connection.regained'),
    ],
    ['the watch failed', (walk) => walk.fail('watchSource', connectionLost)],
  ];

  test.each(blindToSource)('on the source (%s): the guest may have gone over', (_, blind) => {
    const walk = blind(advance(migrate(), 'perform3.precopying')).fail('perform', operationFailed);
    walk.done('look', look('running', 'unreachable'));
    expect(walk.isIn(`${uncertain}.waiting`)).toBe(true);
  });

  test("on the source's QEMU only: the guest may have gone over", () => {
    const walk = migrate().see('source.iteration').fail('perform', operationFailed);
    walk.done('look', look('running', 'unreachable'));
    expect(walk.isIn(`${uncertain}.waiting`)).toBe(true);
  });

  test('on the destination: after the switchover the guest may have run there', () => {
    const walk = advance(migrate(), 'perform3Done').see('destination.connection.lost');
    walk.fail('perform', operationFailed).done('look', look('paused', 'absent'));
    expect(outputOf(walk).failure?.code).toBe('overtaken');
  });

  test('on the destination: it never had the guest when Finish would have left a definition', () => {
    const walk = advance(migrate({ finishLeavesDefinition: true }), 'perform3Done');
    walk.see('destination.connection.lost').fail('perform', operationFailed);
    expect(walk.done('look', look('paused', 'absent')).inFlight.has('resume')).toBe(true);
  });

  test('on the destination: before the switchover the guest cannot have run there', () => {
    const walk = advance(migrate(), 'prepare').fail('watchDestination', connectionLost);
    walk.fail('perform', operationFailed).done('look', look('running', 'unreachable'));
    const { outcome, phases } = outputOf(walk);
    expect(outcome).toBe('rolledBack');
    expect(phases.map(({ phase }) => phase)).toEqual(['BEGIN3', 'PREPARE']);
  });

  test('a copy resumed by somebody on the destination counts as one that ran there', () => {
    const walk = migrate().see('destination.domain.resumed', 'unpaused');
    walk.fail('perform', operationFailed).done('look', look('paused', 'absent'));
    expect(outputOf(walk).failure?.code).toBe('overtaken');
  });
});

test('replies of states that were left change nothing', () => {
  const walk = lostIn('perform3Done', 'unreachable', 'incoming');
  const states = walk.states();
  const late = { atEpochMs: 1, source: sourceHolds.paused, destination: destinationHolds.absent };
  for (const actorId of ['look', 'lookForTwo', 'lookAfterSplit']) walk.lateReply(actorId, late);
  for (const actorId of ['perform', 'follow']) walk.lateReply(actorId, { atEpochMs: 1 });
  for (const actorId of ['resume', 'destroy', 'endIncoming', 'abortJob', 'suspendToForce'])
    walk.lateReply(actorId);
  expect(walk.states()).toEqual(states);
  expect(walk.snapshot.context.peers.source.reachable).toBe(false);
});
