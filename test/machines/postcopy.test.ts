import { describe, expect, test } from 'vitest';

import type { ConvergencePolicy } from '../../machines/policy/migration/convergence.ts';
import { domain, look } from './hosts.ts';
import { bothProtocols, breaks } from './postcopy-walks.ts';
import { connectionLost, countOf, input, operationFailed, outputOf, planned } from './protocol.ts';
import type { Walk } from './walk.ts';

/** An event of a watch, with its detail. */
type Told = readonly [type: string, detail: string];

const measures = 'migrating.convergence.measures';
const region = 'migrating.postcopy';
const plan = (policy: Partial<ConvergencePolicy>) => ({ convergence: planned(policy) });
const passes = (walk: Walk, ...remainingBytes: readonly number[]): Walk => {
  for (const [index, remaining] of remainingBytes.entries())
    walk.send(
      Object.assign(
        { type: 'source.iteration' },
        { iteration: index + 1, remainingBytes: remaining, atEpochMs: index },
      ),
    );
  return walk;
};
const isStarting = (walk: Walk): boolean => walk.inFlight.has('startPostcopy');
const onSource = { host: input.source, domainUuid: domain.uuid };

describe.each(bothProtocols)('post-copy of a %s migration', (_, driven) => {
  const { precopying, over } = driven;

  describe('begins', () => {
    test('when it is asked for, and not before', () => {
      const walk = precopying();
      expect(isStarting(walk)).toBe(false);
      walk.send({ type: 'postcopy.start' });
      expect(walk.inFlight.get('startPostcopy')).toMatchObject({
        src: 'startPostcopy',
        input: onSource,
      });
    });

    test('instead of a pause, when the end is forced where it is permitted', () => {
      const walk = precopying().send({ type: 'force.complete' });
      expect(isStarting(walk)).toBe(true);
      expect(walk.started()).not.toContain('suspendSource');
    });

    test('after so many passes', () => {
      const walk = precopying(plan({ postcopyAfterPasses: 2 }));
      expect(isStarting(passes(walk, 900, 500))).toBe(false);
      expect(isStarting(passes(walk, 900, 500, 400))).toBe(true);
    });

    test('when passes gain no ground any more', () => {
      const walk = precopying(plan({ stallPasses: 2, onStall: 'postcopy' }));
      expect(isStarting(passes(walk, 0, 500, 500))).toBe(false);
      expect(isStarting(passes(walk, 0, 500, 500, 600))).toBe(true);
    });

    test('when the time budget is used up', () => {
      const walk = precopying(
        plan({ budget: { baseMs: 1_000, msPerGib: 0 }, onBudget: 'postcopy' }),
      );
      expect(isStarting(walk)).toBe(false);
      expect(isStarting(walk.elapse('timeBudget'))).toBe(true);
    });

    test('a second after it was refused, again and again', () => {
      const walk = precopying().send({ type: 'postcopy.start' });
      for (let times = 1; times <= 3; times += 1) {
        expect(countOf(walk, 'startPostcopy')).toBe(times);
        walk.fail('startPostcopy', operationFailed);
        expect(isStarting(walk)).toBe(false);
        walk.elapse('askAgain');
      }
    });

    test('not when the migration may be aborted first', () => {
      const walk = precopying().send({ type: 'postcopy.start' });
      walk.fail('startPostcopy', operationFailed).send({ type: 'abort.requested' });
      expect(walk.inFlight.has('abortJob')).toBe(true);
      expect(walk.isIn(`${measures}.aborting`)).toBe(true);
      expect(walk.snapshot.can({ type: 'postcopy.start' })).toBe(false);
    });

    test.each(['postcopy.start', 'force.complete'])(
      'not by %s where it was not permitted',
      (type) => {
        const walk = precopying({ call: input.call });
        expect(walk.snapshot.can({ type: 'postcopy.start' })).toBe(false);
        walk.send({ type });
        expect(walk.started()).not.toContain('startPostcopy');
      },
    );

    test('not twice', () => {
      const walk = over(precopying().send({ type: 'postcopy.start' }).done('startPostcopy'));
      expect(walk.snapshot.can({ type: 'postcopy.start' })).toBe(false);
      walk.send({ type: 'postcopy.start' });
      expect(countOf(walk, 'startPostcopy')).toBe(1);
    });
  });

  describe('is seen', () => {
    const activeBy: readonly Told[] = [
      ['source.migration.postcopy-active', 'by QEMU'],
      ['source.domain.suspended', 'postcopy'],
      ['source.domain.seen', 'postcopy'],
      ['destination.domain.resumed', 'postcopy'],
      ['destination.domain.seen', 'postcopy'],
    ];
    const pausedBy: readonly Told[] = [
      ['source.migration.postcopy-paused', 'by QEMU'],
      ['destination.migration.postcopy-paused', 'by QEMU'],
      ['source.domain.suspended', 'postcopyFailed'],
      ['destination.domain.resumed', 'postcopyFailed'],
      ['destination.domain.suspended', 'postcopyFailed'],
      ['source.domain.seen', 'postcopyFailed'],
    ];
    const neither: readonly Told[] = [
      ['source.job.started', 'by its job'],
      ['source.migration.active', 'by QEMU'],
      ['source.domain.suspended', 'migrated'],
      ['source.domain.seen', 'migration'],
    ];

    test.each(activeBy)('to be active by %s %s', (type, detail) => {
      expect(precopying().see(type, detail).isIn(`${region}.postcopyActive`)).toBe(true);
    });

    test.each(pausedBy)('to be broken by %s %s', (type, detail) => {
      const walk = over(precopying()).see(type, detail);
      expect(walk.isIn(`${region}.postcopyPaused`)).toBe(true);
      expect(walk.snapshot.hasTag('guestPaused')).toBe(true);
    });

    test.each(neither)('by %s %s not at all', (type, detail) => {
      expect(precopying().see(type, detail).isIn(`${region}.notBegun`)).toBe(true);
      expect(over(precopying()).see(type, detail).isIn(`${region}.postcopyActive`)).toBe(true);
    });

    test('to go on when it was taken up', () => {
      const walk = breaks(over(precopying())).see('source.migration.postcopy-active');
      expect(walk.isIn(`${region}.postcopyActive`)).toBe(true);
    });

    test.each([
      ['destination.migration.postcopy-active', 'by QEMU'],
      ['destination.domain.resumed', 'postcopy'],
    ] as const)('not to go on by %s %s, which tells how it began', (type, detail) => {
      const walk = over(precopying()).see('source.migration.postcopy-paused').see(type, detail);
      expect(walk.isIn(`${region}.postcopyPaused`)).toBe(true);
    });
  });

  describe('that is under way', () => {
    test('ends well when the guest is whole on the destination', () => {
      const walk = driven.arrived(over(precopying()));
      expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
    });

    test('has no way back', () => {
      const walk = over(precopying());
      expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
      expect(walk.snapshot.hasTag('abortable')).toBe(false);
    });

    test.each(['abort.requested', 'bandwidth.set', 'downtime.set', 'force.complete'])(
      'takes no %s any more',
      (type) => {
        const walk = over(precopying());
        expect(walk.snapshot.can({ type })).toBe(false);
        const before = walk.started().length;
        walk.send({ type });
        expect(walk.started().slice(before)).toEqual([]);
      },
    );

    test('takes no abort even where only the domain on the source shows it', () => {
      const walk = precopying().see('source.domain.suspended', 'postcopy');
      expect(walk.snapshot.can({ type: 'abort.requested' })).toBe(false);
    });

    test('is not given up by its time budget', () => {
      const walk = over(
        precopying(plan({ budget: { baseMs: 1_000, msPerGib: 0 }, onBudget: 'abort' })),
      );
      walk.elapse('timeBudget');
      expect(walk.started()).not.toContain('abortJob');
    });

    test('counts the downtime once: till the guest ran there first', () => {
      // Events come one millisecond after the other: suspended, [reply,] resumed.
      const walk = over(precopying());
      const { suspendedAtEpochMs, resumedAtEpochMs } = walk.snapshot.context;
      walk.see('destination.domain.suspended', 'paused');
      walk.see('destination.domain.resumed', 'unpaused');
      driven.arrived(walk);
      expect(outputOf(walk).downtimeMs).toBe(resumedAtEpochMs - suspendedAtEpochMs);
      expect(outputOf(walk).downtimeMs).toBe(1);
    });
  });
});

describe('a reply that is lost in post-copy', () => {
  const halves = look('leftInPostcopy', 'inPostcopy');

  test.each(bothProtocols)('%s: looked at until the guest is whole', (protocol, driven) => {
    const call = protocol === 'direct' ? 'finish' : 'perform';
    const walk = driven.over(driven.precopying()).fail(call, connectionLost);
    for (let times = 0; times < 3; times += 1) walk.done('look', halves).elapse('askAgain');
    expect(walk.snapshot.hasTag('pointOfNoReturn')).toBe(true);
    walk.done('look', look('absent', 'running'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test.each(bothProtocols)('%s: neither half is touched, whatever is seen', (protocol, driven) => {
    const call = protocol === 'direct' ? 'finish' : 'perform';
    for (const there of [
      'inPostcopy',
      'incoming',
      'absent',
      'pausedByError',
      'unreachable',
    ] as const) {
      const walk = driven.over(driven.precopying()).fail(call, connectionLost);
      walk.done('look', look('leftInPostcopy', there));
      for (const src of [
        'resumeSource',
        'destroySource',
        'destroyIncoming',
        'confirm',
        'confirmCancelled',
      ])
        expect(walk.started(), `${there} ${src}`).not.toContain(src);
    }
  });
});
