import { expect, test } from 'vitest';

import type {
  ColdSnapshotOutput,
  DomainSnapshotOutput,
  LiveSnapshotOutput,
  ManagedSaveOutput,
  SnapshotDeleteOutput,
  VolumeSwapOutput,
} from '../../machines/index.ts';
import {
  coldSnapshotInput,
  domainSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  volumeSwapInput,
} from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import { describeLab } from '../support/needs.ts';
import { imageDirectory, usePhasesLab, volumeDirectory } from '../support/phases-lab.ts';
import {
  expectOutage,
  expectStop,
  expectStory,
  expectTimely,
  memoryLoaded,
  memorySaved,
  memoryWritten,
  snapshotJob,
} from '../support/phases-story.ts';

describeLab('the states that a chart reports', () => {
  const stage = usePhasesLab('phases', { pluggedDevices: ['rng'] });
  const onHost = () => ({ domain: stage.guest.name, host: stage.host.uri });
  const done = { outcome: 'completed', failure: null };

  test('of a live snapshot are what QEMU and the agent do', () =>
    stage.inTime(async (nth) => {
      const asked = {
        directory: imageDirectory,
        fileName: `live-${nth}.qcow2`,
        quiesce: 'required',
      } as const;
      const { output, story } = await stage.told<LiveSnapshotOutput>(
        bindLiveSnapshot,
        liveSnapshotInput({ ...onHost(), ...asked }),
      );
      expect(output).toMatchObject(done);
      expectStory(story, [
        'chart copying.beginningCopy',
        'qemu job created',
        'qemu job ready',
        { told: 'chart awaitingReady.confirming' },
        'chart quiescing.freezing',
        'daemon freeze',
        'chart working.ending',
        'qemu BLOCK_JOB_COMPLETED',
        'chart thawing.asking',
        'daemon thaw',
        'chart working.settling',
        'chart writing.inspecting',
        'chart completed',
      ]);
    }));

  test('of a volume swap are what QEMU does', () =>
    stage.inTime(async (nth) => {
      const to = { kind: 'file', path: `${volumeDirectory}/new-${nth}.qcow2` } as const;
      const disk = { targetDev: 'vda', to: { source: to, format: 'qcow2' }, create: true };
      const { output, story } = await stage.told<VolumeSwapOutput>(
        bindVolumeSwap,
        volumeSwapInput({ ...onHost(), disks: [{ ...disk, resizeBytes: null }] }),
      );
      expect(output).toMatchObject(done);
      expectStory(story, [
        'chart copying.beginning',
        'qemu job created',
        'qemu job ready',
        { told: 'chart awaitingReady.confirming' },
        'chart pivoting.asking',
        'qemu BLOCK_JOB_COMPLETED',
        'chart persisting.asking',
        'chart swapped',
        'chart completed',
      ]);
    }));

  test('of a managed save, and of the start from it, are what QEMU does', () =>
    stage.inTime(async () => {
      const saved = await stage.told<ManagedSaveOutput>(
        bindManagedSave,
        managedSaveInput({ ...onHost(), action: 'save' }),
      );
      expect(saved.output).toMatchObject(done);
      expectStory(saved.story, [
        'chart saving.writing',
        ...memorySaved,
        'chart noting.writing',
        'chart completed',
      ]);
      expectTimely(saved.story, 'qemu STOP', saved.output.pausedAtEpochMs);
      expectTimely(saved.story, 'daemon save ends', saved.output.shutOffAtEpochMs);

      const started = await stage.told<ManagedSaveOutput>(
        bindManagedSave,
        managedSaveInput({ ...onHost(), action: 'start' }),
      );
      expect(started.output).toMatchObject(done);
      expectStory(started.story, [
        'chart working.goingOn',
        ...memoryLoaded,
        'chart working.looking.asking',
        'chart completed',
      ]);
      expectTimely(started.story, 'qemu RESUME', started.output.runsAgainAtEpochMs);
    }));

  test('of a cold snapshot are what QEMU does', () =>
    stage.inTime(async (nth) => {
      const asked = { directory: imageDirectory, fileName: `cold-${nth}.qcow2`, detach: ['rng0'] };
      const { output, story } = await stage.told<ColdSnapshotOutput>(
        bindColdSnapshot,
        coldSnapshotInput({ ...onHost(), ...asked }),
      );
      expect(output).toMatchObject(done);
      expectStory(story, [
        'chart detaching.asking',
        'qemu DEVICE_DELETED',
        'chart saving.asking.writing',
        ...memorySaved,
        'chart working.saved',
        'chart copying.converting',
        'chart returning.starting',
        ...memoryLoaded,
        'chart returning.attaching',
        'chart completed',
      ]);
      expectOutage(story, output.outageMs);
    }));

  test('of a snapshot with memory are what QEMU does', () =>
    stage.inTime(async (nth) => {
      const asked = { name: `memory-${nth}`, memoryPath: `${volumeDirectory}/memory-${nth}` };
      const { output, story } = await stage.told<DomainSnapshotOutput>(
        bindDomainSnapshot,
        domainSnapshotInput({ ...onHost(), ...asked }),
      );
      expect(output).toMatchObject(done);
      expectStory(story, [
        'chart withMemory.writing.running',
        'daemon snapshot begins',
        ...memoryWritten,
        'daemon snapshot ends',
        'chart working.looking.asking',
        'chart recording.clearing',
        ...snapshotJob,
        'chart completed',
      ]);
      expectStop(story);
      expectOutage(story, output.outageMs);
    }));

  test('of a snapshot of disks are what the daemon and the agent do', () =>
    stage.inTime(async (nth) => {
      const { output, story } = await stage.told<DomainSnapshotOutput>(
        bindDomainSnapshot,
        domainSnapshotInput({ ...onHost(), name: `disks-${nth}`, quiesce: 'required' }),
      );
      expect(output).toMatchObject({ ...done, outageMs: 0 });
      expectStory(story, [
        'chart quiescing.freezing',
        'daemon freeze',
        'chart creating.disksAlone',
        'daemon snapshot begins',
        'daemon snapshot ends',
        'chart thawing.asking',
        'daemon thaw',
        'chart recording.clearing',
        ...snapshotJob,
        'chart completed',
      ]);
    }));

  test('of a deletion are what QEMU does', () =>
    stage.inTime(async (nth) => {
      await stage.host.virsh([
        'snapshot-create-as',
        stage.guest.name,
        `layer-${nth}`,
        '--disk-only',
      ]);
      const what = {
        kind: 'snapshot',
        name: `layer-${nth}`,
        children: 'keep',
        metadataOnly: false,
      } as const;
      const { output, story } = await stage.told<SnapshotDeleteOutput>(
        bindSnapshotDelete,
        snapshotDeleteInput({ ...onHost(), what: { ...what, by: 'manual' } }),
      );
      expect(output).toMatchObject({ ...done, way: 'merge' });
      expectStory(story, [
        'chart preparing.beginning',
        'qemu job created',
        'qemu job ready',
        { told: 'chart turning.pivoting' },
        'qemu BLOCK_JOB_COMPLETED',
        'chart dropping.asking',
        // libvirt forgets the snapshot without touching its files.
        ...snapshotJob,
        'chart completed',
      ]);
    }));
});
