import { describe, expect, test } from 'vitest';

import { host, look, lost, released, unanswered, working } from './domain-snapshot.ts';
import { guestView } from './facts.ts';
import type { Walk } from './walk.ts';

const artefact = (kind: string, path: string, status: string) => ({ kind, host, path, status });
const artefactsOf = (walk: Walk): unknown => walk.snapshot.context.artefacts;
const frozen = artefact('freeze', guestView.uuid, 'expected');

const freezing = (quiesce: 'required' | 'try' = 'required') =>
  working({ quiesce }).done('askAgent', { agent: 'connected', atEpochMs: 10 });

describe('a freeze', () => {
  const asked = { quiesce: 'required' } as const;
  test('is on record before it is asked for, and comes before the disks', () => {
    const walk = freezing();
    expect(walk.isIn('working.quiescing.freezing')).toBe(true);
    expect(artefactsOf(walk)).toContainEqual(frozen);
    expect(walk.started()).not.toContain('createSnapshot');
  });

  test('is thawed before anything is looked at, and tells how long it lasted', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).done('takeDisks');
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 60 }).done('lookAtSnapshot', look());
    walk.done('clearSnapshotClaims').done('release', released);
    expect(walk.output()).toMatchObject({ consistency: 'filesystem', frozenMs: 50 });
  });

  test('is thawed when the snapshot failed, too', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).fail('takeDisks', lost);
    expect(walk.isIn('working.thawing.asking')).toBe(true);
  });

  test('is thawed when the daemon hangs in the snapshot', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).elapse('disksWait');
    expect(walk.isIn('working.thawing.asking')).toBe(true);
  });

  test('that is required and not answered ends in a thaw and no snapshot', () => {
    const walk = freezing().fail('freezeGuest', unanswered);
    expect(walk.isIn('working.thawing.asking')).toBe(true);
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentTimeout' },
      artefacts: [],
    });
    expect(walk.started()).not.toContain('createSnapshot');
  });

  test('that failed, and left the guest at rest all the same, is thawed', () => {
    const half = {
      code: 'freezeFailed',
      message: 'the second one failed',
      effect: 'done',
    } as const;
    for (const quiesce of ['required', 'try'] as const) {
      const walk = freezing(quiesce).fail('freezeGuest', half);
      expect(walk.isIn('working.thawing.asking')).toBe(true);
    }
  });

  test('that is only tried and not answered is thawed, and the disks are taken then', () => {
    const walk = freezing('try').fail('freezeGuest', unanswered);
    walk.done('thawGuest', { atEpochMs: 60 });
    expect(walk.isIn('working.creating.disksAlone')).toBe(true);
    walk.done('takeDisks').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    walk.done('release', released);
    expect(walk.output()).toMatchObject({ outcome: 'completed', consistency: 'crash' });
  });

  test('without an agent is not waited for', () => {
    const gone = { agent: 'disconnected', atEpochMs: 10 };
    const walk = working(asked).done('askAgent', gone).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentUnavailable' },
    });
    expect(working({ quiesce: 'try' }).done('askAgent', gone).isIn('working.creating')).toBe(true);
  });

  test('of nothing is none where it is required', () => {
    const walk = freezing().done('freezeGuest', { frozen: 0 });
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'freezeFailed' },
    });
  });

  test('that does not thaw is asked again, and is an operator’s in the end', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).done('takeDisks');
    walk.fail('thawGuest', unanswered).elapse('askAgain');
    walk.done('askFreeze', { status: 'frozen', atEpochMs: 2 }).fail('thawGuest', unanswered);
    walk.elapse('thawWait').done('lookAtSnapshot', look()).done('clearSnapshotClaims');
    expect(walk.isIn('thawingLast')).toBe(true);
    walk.fail('thawLast', unanswered);
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestFrozen' },
      artefacts: expect.arrayContaining([artefact('claim', guestView.uuid, 'kept')]),
    });
  });

  test('whose thaw was not answered is not thawed again where it was made', () => {
    const walk = freezing().done('freezeGuest', { frozen: 1 }).done('takeDisks');
    walk.fail('thawGuest', unanswered).elapse('askAgain');
    walk.done('askFreeze', { status: 'thawed', atEpochMs: 2 });
    expect(walk.isIn('working.looking.asking')).toBe(true);
    expect(walk.started().filter((slot) => slot === 'thawGuest')).toHaveLength(1);
  });

  test('is not tried of a guest that is paused or whose memory is taken', () => {
    const paused = { ...guestView, state: 'paused', reason: 'user' } as const;
    expect(working({ quiesce: 'try' }, { domain: paused }).isIn('working.creating')).toBe(true);
    const target = { path: '/images/memory', standing: null, image: null } as const;
    const targets = [{ ...target, availableBytes: 2 ** 34, users: [], neighbours: [] }];
    const memory = working({ quiesce: 'try', memoryPath: target.path }, { targets });
    expect(memory.isIn('working.creating.withMemory')).toBe(true);
  });

  test('that somebody else made is not thawed by us', () => {
    const already = { code: 'alreadyFrozen', message: 'it is frozen', effect: 'done' } as const;
    const walk = freezing().fail('freezeGuest', already).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'alreadyFrozen' },
    });
    expect(walk.started()).not.toContain('thawGuest');
  });

  test('may be called off before the disks are taken', () => {
    const walk = freezing().send({ type: 'abort.requested' }).done('freezeGuest', { frozen: 1 });
    walk.done('thawGuest', { atEpochMs: 60 }).done('release', released);
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expect(walk.started()).not.toContain('createSnapshot');
  });
});
