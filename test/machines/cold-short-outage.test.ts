import { describe, expect, test } from 'vitest';

import {
  base,
  copied,
  image,
  off,
  onOverlay,
  overlay,
  released,
  saved,
  savedWalk,
  seenAs,
  statusesOf,
} from './cold.ts';
import type { Walk } from './walk.ts';

const broken = { code: 'libvirtError', message: 'it broke', effect: 'none' } as const;
const lost = { code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' } as const;
const abort = (walk: Walk): Walk => walk.send({ type: 'abort.requested' });
describe('a cold snapshot with a short outage', () => {
  const live = { configuration: overlay, live: overlay };
  const ready = { ...live, job: { type: 'activeCommit', ready: true } } as const;

  test('starts the guest on an overlay, copies the frozen base, and merges', () => {
    const walk = onOverlay();
    expect(walk.inFlight.get('copyDisk')?.input).toMatchObject({ shared: true });
    walk
      .done('copyDisk', copied)
      .done('nameImage')
      .done('lookAround', seenAs({ disk: live }));
    walk
      .done('commit')
      .see('blockJob.ready')
      .done('lookAround', seenAs({ disk: ready }));
    walk.done('pivot').done('lookAround', seenAs({ disk: { live: base } }));
    expect(walk.inFlight.get('removeFile')?.input).toMatchObject({ path: overlay });
    expect(released(walk.done('removeFile'))).toMatchObject({ outcome: 'completed', outageMs: 1 });
    expect(statusesOf(walk, 'overlay')).toEqual([]);
  });

  test('has the configuration name the overlay before the saved image does', () => {
    const walk = savedWalk({ shortOutage: true });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} expected`]);
    walk.done('makeOverlay');
    expect(walk.inFlight.get('configureOverlay')?.input).toMatchObject({ place: 'configuration' });
    walk.done('configureOverlay');
    expect(walk.inFlight.get('pointOverlay')?.input).toMatchObject({ place: 'managedSave' });
  });

  test('turns the saved image back before the configuration, and starts on the base then', () => {
    const walk = savedWalk({ shortOutage: true }).done('makeOverlay').done('configureOverlay');
    abort(walk).done(
      'lookAround',
      seenAs({ domain: saved, disk: { configuration: overlay, managedSave: overlay } }),
    );
    walk.done('takeFromSave');
    walk.done(
      'lookAround',
      seenAs({ domain: saved, disk: { configuration: overlay, managedSave: base } }),
    );
    walk.done('takeFromConfiguration');
    walk.done('lookAround', seenAs({ domain: saved, disk: { managedSave: base } }));
    expect(walk.inFlight.has('start')).toBe(true);
    walk
      .done('start')
      .done('lookAround', seenAs({ disk: { live: base } }))
      .done('removeFile');
    expect(released(walk)).toMatchObject({ outcome: 'rolledBack' });
  });

  test('merges before it turns anything back where the guest was on the overlay', () => {
    const walk = abort(onOverlay());
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.inFlight.has('merge')).toBe(true);
    walk.done('merge');
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.inFlight.has('takeFromConfiguration')).toBe(true);
  });

  test('copies on when the guest shuts itself down, since its base is frozen all the same', () => {
    const walk = onOverlay().see('domain.stopped', 'shutdown').see('domain.started', 'booted');
    expect(walk.isIn('working.copying.converting')).toBe(true);
  });

  test('goes back to the base where the guest does not start on the overlay', () => {
    const on = seenAs({ domain: saved, disk: { configuration: overlay, managedSave: overlay } });
    const walk = savedWalk({ shortOutage: true });
    walk.done('makeOverlay').done('configureOverlay').done('pointOverlay');
    for (const _ of [1, 2, 3]) walk.done('lookAround', on).fail('start', broken).elapse('askAgain');
    walk.done('lookAround', on);
    expect(walk.snapshot.context).toMatchObject({
      goal: 'asBefore',
      failure: { effect: 'unknown' },
    });
    walk.done('lookAround', on);
    expect(walk.inFlight.has('merge')).toBe(true);
  });

  test('asks a person where the guest ended in the moment of the pivot', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    walk
      .done('lookAround', seenAs({ disk: ready }))
      .fail('pivot', lost)
      .elapse('askAgain');
    walk.done('lookAround', seenAs({ domain: off, devices: [], disk: { configuration: overlay } }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'unknownLayer' },
      images: [{ path: image }],
    });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} made`]);
  });

  test('never ends a job that somebody else has on the disk', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    walk.done('lookAround', seenAs({ disk: { ...live, job: { type: 'copy', ready: true } } }));
    expect(walk.isIn('working.returning.patience')).toBe(true);
    expect(walk.started()).not.toContain('pivotOverlay');
  });

  test('keeps both files, and tells so, where the overlay cannot be merged', () => {
    const walk = onOverlay().done('copyDisk', copied).done('nameImage');
    for (const _ of [1, 2, 3])
      walk
        .done('lookAround', seenAs({ disk: live }))
        .fail('commit', broken)
        .elapse('askAgain');
    walk.done('lookAround', seenAs({ disk: live }));
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { message: expect.stringContaining(`${overlay}, which holds what is newer`) },
    });
    expect(statusesOf(walk, 'overlay')).toEqual([`${overlay} made`]);
  });
});
