import { describe, expect, test } from 'vitest';

import type { DirectState } from './direct.ts';
import { callOf, direct, directTo } from './direct.ts';
import { domain, look } from './hosts.ts';
import { input, operationFailed, outputOf } from './protocol.ts';
import type { Walk } from './walk.ts';

const at = (atEpochMs: number) => ({ atEpochMs });
const nothing = { holds: 'nothing', atEpochMs: 60 } as const;
const onSource = { host: input.source, domainUuid: domain.uuid };
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });

/** The look that ends it: the guest runs where it was, and the other host has nothing. */
const asBefore = (walk: Walk): Walk => walk.done('look', look('running', 'absent'));

describe('an abort', () => {
  const cancelled: readonly (readonly [DirectState, (walk: Walk) => Walk])[] = [
    ['begin3', (walk) => walk.done('begin', at(20)).done('confirmCancelled', at(60))],
    [
      'prepare',
      (walk) =>
        walk
          .done('prepare', at(30))
          .done('finishCancelled', nothing)
          .done('confirmCancelled', at(60)),
    ],
    [
      'perform3',
      (walk) =>
        walk.done('abortJob').fail('perform', operationFailed).done('finishCancelled', nothing),
    ],
  ];

  test.each(cancelled)('in %s goes no further and takes it all back', (state, ends) => {
    const walk = directTo(state);
    expect(walk.snapshot.hasTag('abortable')).toBe(true);
    abort(walk);
    expect(walk.snapshot.hasTag('rollingBack')).toBe(true);
    asBefore(ends(walk));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', effect: 'none' },
    });
    expect(walk.started()).not.toContain('finish');
    expect(walk.started()).not.toContain('confirm');
  });

  test('in perform3 asks the source daemon to cancel', () => {
    expect(abort(directTo('perform3')).inFlight.get('abortJob')?.input).toEqual(onSource);
  });

  test.each(['linking', 'begin3', 'prepare'] as const)(
    'in %s asks no daemon: whatever job the source has may be of another owner',
    (state) => {
      const walk = abort(directTo(state)).see('source.job.started').see('source.migration.active');
      expect(walk.started()).not.toContain('abortJob');
      expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    },
  );

  test.each(['begin3', 'prepare'] as const)(
    'in %s of a call that fails is an abort all the same',
    (state) => {
      const walk = abort(directTo(state)).fail(callOf[state], operationFailed);
      if (state === 'prepare') walk.done('confirmCancelled', at(60));
      expect(outputOf(asBefore(walk)).failure).toMatchObject({ code: 'abortRequested' });
    },
  );

  test('while the link is opened begins nothing', () => {
    const walk = abort(direct());
    expect(outputOf(asBefore(walk))).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expect(walk.started()).not.toContain('begin');
  });

  test.each(['finish3', 'confirm3'] as const)('in %s is refused', (state) => {
    const walk = directTo(state);
    expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    expect(walk.snapshot.hasTag('abortable')).toBe(false);
  });

  test('that comes too late changes nothing about the success', () => {
    const walk = abort(directTo('perform3')).done('abortJob').done('perform', at(40));
    walk.done('finish', { holds: 'guest', ...at(50) }).done('confirm', at(60));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });
});
