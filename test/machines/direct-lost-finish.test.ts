import { describe, expect, test } from 'vitest';

import { directTo, execution, isAt } from './direct.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { domain, look } from './hosts.ts';
import {
  connectionLost,
  countOf,
  operationFailed,
  outputOf,
  phasesOf,
  postcopyInput,
} from './protocol.ts';
import type { Walk } from './walk.ts';

type Change = Parameters<typeof directTo>[1];
const stood = { domain: { ...domain, state: 'paused', reason: 'user' } } as const;
const confirmed = (walk: Walk): Walk => walk.done('confirm', { atEpochMs: 60 });
const cancelled = (walk: Walk): Walk => walk.done('confirmCancelled', { atEpochMs: 60 });

/** Finish was sent, and nobody knows what came of it; the source's job still waits for our Confirm. */
const lost = (change: Change = {}): Walk =>
  directTo('finish3', change).fail('finish', connectionLost);
const lostAndSeen = (
  there: DestinationHolding,
  change: Change = {},
  here: SourceHolding = 'busy',
) => lost(change).done('look', look(here, there));

/** Nothing that could end a copy, or let one run, is on its way. */
const nothingDecided = (walk: Walk): void => {
  for (const src of [
    'confirm',
    'confirmCancelled',
    'resumeSource',
    'destroySource',
    'destroyIncoming',
  ])
    expect(walk.started()).not.toContain(src);
};

describe('Finish whose reply is lost', () => {
  test('is looked at before the source hears anything', () => {
    const walk = lost();
    expect(walk.inFlight.get('look')?.src).toBe('inspectPeers');
    nothingDecided(walk);
  });

  test('the destination runs: the source ends its copy by Confirm', () => {
    const walk = lostAndSeen('running');
    expect(walk.inFlight.has('confirm')).toBe(true);
    expect(walk.started()).not.toContain('destroySource');
    confirmed(walk);
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(phasesOf(walk).at(-2)).toBe('FINISH3 observed');
    expect(phasesOf(walk).at(-1)).toBe('CONFIRM3 ours');
  });

  test('the guest stood before and stands there: the source ends its copy', () => {
    expect(outputOf(confirmed(lostAndSeen('pausedByUser', stood))).outcome).toBe('completed');
  });

  test('the destination has nothing: the source takes its guest back by Confirm', () => {
    const walk = lostAndSeen('absent');
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
    cancelled(walk).done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'connectionLost', effect: 'none' },
    });
    expect(phasesOf(walk).at(-1)).toBe('CONFIRM3_CANCELLED ours');
  });

  test('and the source could not resume it: it is resumed after another look', () => {
    const walk = cancelled(lostAndSeen('absent')).done('look', look('paused', 'absent'));
    expect(walk.inFlight.has('resume')).toBe(true);
    walk.done('resume').done('look', look('running', 'absent'));
    expect(outputOf(walk).outcome).toBe('rolledBack');
  });

  test.each(['incoming', 'unreachable'] as const)(
    'the destination is %s: it may run the next moment, so nothing is decided',
    (there) => {
      const walk = lostAndSeen(there);
      expect(isAt(walk, 'uncertain.waiting')).toBe(true);
      nothingDecided(walk);
      walk.elapse('askAgain').done('look', look('busy', there)).elapse('peerWait');
      nothingDecided(walk);
      expect(outputOf(walk)).toMatchObject({
        outcome: 'needsOperator',
        failure: { code: 'peerUnreachable', effect: 'unknown' },
      });
      expect(outputOf(walk).failure?.message).toContain(connectionLost.message);
      expect([...walk.inFlight.keys(), ...walk.timers.keys()]).toEqual([]);
    },
  );

  test('the destination answers at last: then it is decided', () => {
    const walk = lostAndSeen('unreachable')
      .elapse('askAgain')
      .done('look', look('busy', 'running'));
    expect(outputOf(confirmed(walk)).outcome).toBe('completed');
  });

  test('the destination crashed after it ran: neither copy is touched', () => {
    const walk = directTo('finish3').see('destination.domain.resumed', 'migrated');
    walk.see('destination.domain.stopped', 'crashed').fail('finish', connectionLost);
    walk.done('look', look('busy', 'shutoff'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'overtaken' },
    });
    nothingDecided(walk);
  });

  test('the destination could not be watched meanwhile and has nothing: it may have run and ended', () => {
    const walk = directTo('finish3').see('destination.connection.lost');
    walk.fail('finish', connectionLost).done('look', look('busy', 'absent'));
    expect(outputOf(walk).failure?.code).toBe('overtaken');
    nothingDecided(walk);
  });

  test('the same, but Finish would have left a definition there: it never ran', () => {
    const walk = directTo('finish3', { finishLeavesDefinition: true });
    walk.see('destination.connection.lost').fail('finish', connectionLost);
    expect(walk.done('look', look('busy', 'absent')).inFlight.has('confirmCancelled')).toBe(true);
  });

  test('somebody started the domain there from its disks: the copy on the source is kept', () => {
    const booted = { reachable: true, domain: { ...domain, reason: 'booted' } } as const;
    const walk = lost().done('look', { ...look('busy', 'running'), destination: booted });
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'startedThere', effect: 'unknown' },
    });
    nothingDecided(walk);
  });

  test('the guest stopped there by an I/O error: neither copy is touched', () => {
    const walk = lostAndSeen('pausedByError');
    expect(outputOf(walk).failure?.code).toBe('overtaken');
    nothingDecided(walk);
  });

  test('post-copy is on its way there: waited for, and confirmed when the guest is whole', () => {
    const walk = lostAndSeen('inPostcopy', postcopyInput, 'inPostcopy');
    expect(isAt(walk, 'fetching')).toBe(true);
    nothingDecided(walk);
    walk.elapse('askAgain').done('look', look('inPostcopy', 'inPostcopy'));
    walk.elapse('askAgain').done('look', look('inPostcopy', 'running'));
    expect(walk.inFlight.has('confirm')).toBe(true);
    expect(outputOf(confirmed(walk)).outcome).toBe('completed');
  });

  test('both run: the older copy is suspended, and no Confirm is sent', () => {
    const walk = lostAndSeen('running', {}, 'running');
    expect(walk.inFlight.has('suspendOlderCopy')).toBe(true);
    expect(walk.inFlight.has('link')).toBe(false);
    nothingDecided(walk);
  });

  test('the source is silent: asked again', () => {
    const walk = lostAndSeen('running', {}, 'unreachable');
    expect(isAt(walk, 'uncertain.waiting')).toBe(true);
    nothingDecided(walk);
  });

  test('the source lost its guest before: nothing is left to decide', () => {
    const walk = lostAndSeen('absent', {}, 'crashed');
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestGone' },
    });
  });
});

describe('Finish that is not answered', () => {
  test('while the guest stands is not waited for without an end: both hosts are asked', () => {
    const walk = directTo('finish3').elapse('finishWait');
    nothingDecided(walk);
    expect(walk.inFlight.has('finish')).toBe(false);
    expect(walk.inFlight.has('link')).toBe(true);
    walk.done('look', look('busy', 'incoming')).elapse('peerWait');
    nothingDecided(walk);
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'peerUnreachable', message: expect.stringContaining('five minutes') },
    });
  });

  test('and the guest runs there by then: the source ends its copy', () => {
    const walk = directTo('finish3').elapse('finishWait').done('look', look('busy', 'running'));
    expect(outputOf(confirmed(walk))).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('by a destination that runs the guest already may take its time', () => {
    const walk = directTo('finish3').see('destination.domain.resumed', 'migrated');
    expect([...walk.timers.keys()]).toEqual([]);
  });
});

describe('a cancelled Finish that is not answered', () => {
  test('keeps no guest standing on a source whose connection was lost', () => {
    const walk = directTo('perform3').fail('perform', connectionLost);
    expect(walk.inFlight.has('finishCancelled')).toBe(true);
    walk.elapse('finishWait').done('look', look('paused', 'absent'));
    expect(walk.inFlight.has('resume')).toBe(true);
  });

  test("does not keep the source's job either", () => {
    const walk = directTo('prepare').send({ type: 'abort.requested' });
    walk.done('prepare', { atEpochMs: 30 }).elapse('finishWait');
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
  });
});

const refused = (change: Change = {}): Walk =>
  directTo('finish3', change).done('finish', { holds: 'nothing', atEpochMs: 50 });

describe('Finish that lets nothing run', () => {
  test('the source takes its guest back after a look', () => {
    const walk = refused();
    nothingDecided(walk);
    cancelled(walk.done('look', look('busy', 'absent'))).done('look', look('running', 'absent'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'finishRefused', effect: 'none' },
    });
    expect(phasesOf(walk)).not.toContain('FINISH3 ours');
  });

  test('is believed, though the destination was not watched for a while', () => {
    const walk = directTo('finish3').see('destination.connection.lost');
    walk.done('finish', { holds: 'nothing', atEpochMs: 50 }).done('look', look('busy', 'absent'));
    expect(walk.inFlight.has('confirmCancelled')).toBe(true);
  });

  test('and yet something runs there: the source is not resumed', () => {
    const walk = refused().done('look', look('busy', 'running'));
    expect(walk.started()).not.toContain('confirmCancelled');
  });

  test('an error of the daemon is looked at, too', () => {
    const walk = directTo('finish3').fail('finish', operationFailed);
    nothingDecided(walk);
    expect(walk.done('look', look('busy', 'running')).inFlight.has('confirm')).toBe(true);
  });
});

const unconfirmed = (): Walk => directTo('confirm3').fail('confirm', connectionLost);

describe('Confirm whose reply is lost', () => {
  test('is not sent again: our connection is ended, and both hosts are asked', () => {
    const walk = unconfirmed();
    expect(walk.inFlight.has('link')).toBe(false);
    walk.done('look', look('absent', 'running'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    expect(countOf(walk, 'confirm')).toBe(1);
  });

  test('the source is still at it: followed', () => {
    const walk = unconfirmed().done('look', look('busy', 'running'));
    expect(isAt(walk, 'following')).toBe(true);
    walk.done('follow', { atEpochMs: 9 }).done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
  });

  test('the source was left paused: its copy is destroyed, and never resumed', () => {
    const walk = unconfirmed().done('look', look('paused', 'running'));
    expect(walk.inFlight.get('destroy')?.src).toBe('destroySource');
    walk.done('destroy').done('look', look('absent', 'running'));
    expect(outputOf(walk).outcome).toBe('completed');
    expect(walk.started()).not.toContain('resumeSource');
  });

  test('the destination ended meanwhile: an operator is told', () => {
    const walk = unconfirmed().done('look', look('paused', 'absent'));
    expect(outputOf(walk).failure?.code).toBe('overtaken');
    expect(walk.started()).not.toContain('resumeSource');
  });
});

test('Confirm that cancels and is lost is not sent again', () => {
  const walk = lostAndSeen('absent').fail('confirmCancelled', connectionLost);
  expect(walk.isIn(`${execution}.uncertain`)).toBe(true);
  walk
    .done('look', look('paused', 'absent'))
    .done('resume')
    .done('look', look('running', 'absent'));
  expect(outputOf(walk).outcome).toBe('rolledBack');
  expect(countOf(walk, 'confirmCancelled')).toBe(1);
  expect(phasesOf(walk)).not.toContain('CONFIRM3_CANCELLED ours');
});
