import { describe, expect, test } from 'vitest';
import {
  seenInBlockJob,
  seenInJobCompleted,
  seenInLifecycle,
  seenInQemuEvent,
} from '../../../../src/adapters/libvirt/observations.ts';

describe('a lifecycle event', () => {
  test('is told with its detail in the words of the port', () => {
    const seen = seenInLifecycle({ event: 'suspended', detail: 'postcopy-failed' });
    expect(seen).toEqual({ kind: 'suspended', detail: 'postcopyFailed' });
  });

  test('of a definition is not told', () => {
    expect(seenInLifecycle({ event: 'defined', detail: 'added' })).toBeNull();
  });
});

describe('a block job event', () => {
  test('tells a mirror that is ready, by its disk', () => {
    const seen = seenInBlockJob({ disk: 'vdb', type: 'copy', status: 'ready' });
    expect(seen).toEqual({ kind: 'mirrorReady', targetDev: 'vdb' });
  });

  test.each([
    ['copy', 'completed'],
    ['commit', 'ready'],
    ['active-commit', 'ready'],
  ] as const)('tells nothing of a %s that is %s', (type, status) => {
    expect(seenInBlockJob({ disk: 'vdb', type, status })).toBeNull();
  });
});

describe('a completed job', () => {
  test('is told when it was an outgoing migration', () => {
    expect(seenInJobCompleted({ stats: { operation: 5 } })).toEqual({ kind: 'jobCompleted' });
  });

  test('is not told when it was a save, or names nothing', () => {
    expect(seenInJobCompleted({ stats: { operation: 2 } })).toBeNull();
    expect(seenInJobCompleted({ stats: {} })).toBeNull();
  });
});

describe('an event of QEMU', () => {
  test('tells the migration status in the words of QEMU', () => {
    const seen = seenInQemuEvent({ event: 'MIGRATION', details: { status: 'pre-switchover' } });
    expect(seen).toEqual({ kind: 'migrationStatus', status: 'pre-switchover' });
  });

  test('tells the mirror of a migration when it is created', () => {
    const details = { id: 'drive-virtio-disk0', status: 'created' };
    expect(seenInQemuEvent({ event: 'JOB_STATUS_CHANGE', details })).toEqual({
      kind: 'mirrorCreated',
    });
  });

  test.each([
    ['MIGRATION', { status: 'wait-unplug' }],
    ['MIGRATION', null],
    ['MIGRATION', 'active'],
    ['MIGRATION', { status: 4 }],
    ['JOB_STATUS_CHANGE', { id: 'drive-virtio-disk0', status: 'running' }],
    ['JOB_STATUS_CHANGE', { id: 'copy-vda-libvirt-3-format', status: 'created' }],
    ['JOB_STATUS_CHANGE', { status: 'created' }],
  ])('%s with %j tells nothing', (event, details) => {
    expect(seenInQemuEvent({ event, details })).toBeNull();
  });
});
