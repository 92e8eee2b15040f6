import { expect, test } from 'vitest';

import type {
  ColdSnapshotOutput,
  DomainSnapshotOutput,
  LiveSnapshotOutput,
  ManagedSaveOutput,
  VolumeSwapOutput,
} from '../../machines/index.ts';
import {
  coldSnapshotInput,
  domainSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  volumeSwapInput,
} from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import { describeLab } from '../support/needs.ts';
import { imageDirectory, usePhasesLab, volumeDirectory } from '../support/phases-lab.ts';
import {
  expectNever,
  expectOutage,
  expectStop,
  expectStory,
  memoryCancelled,
  memoryLoaded,
  memorySaved,
  snapshotJob,
} from '../support/phases-story.ts';

/** A compression that takes its time, so that an abort finds the memory under way. */
const slowly = { save_image_format: 'xz', snapshot_image_format: 'xz' };

const toNew = (targetDev: string) => ({
  targetDev,
  to: {
    source: { kind: 'file', path: `${volumeDirectory}/new-${targetDev}.qcow2` },
    format: 'qcow2',
  } as const,
  create: true,
  resizeBytes: null,
});

describeLab('the states that a chart reports', () => {
  const stage = usePhasesLab('phases-more', {
    extraDisk: '16M',
    fill: '16M',
    pluggedDevices: ['rng'],
  });
  const onHost = () => ({ domain: stage.guest.name, host: stage.host.uri });
  const done = { outcome: 'completed', failure: null };
  const calledOff = { outcome: 'rolledBack', failure: { code: 'abortRequested' } };

  test('of a live snapshot that is called off end with the copies', async () => {
    const asked = { directory: imageDirectory, fileName: 'no.qcow2', quiesce: 'required' } as const;
    const { output, story } = await stage.told<LiveSnapshotOutput>(
      bindLiveSnapshot,
      liveSnapshotInput({ ...onHost(), ...asked }),
      async (run) => {
        await run.entered('quiescing.freezing');
        run.abort();
      },
    );
    expect(output).toMatchObject(calledOff);
    expectStory(story, [
      'chart copying.beginningCopy',
      'qemu job created',
      'qemu job ready',
      { told: 'chart awaitingReady.confirming' },
      'chart quiescing.freezing',
      'daemon freeze',
      'chart thawing.asking',
      'daemon thaw',
      'chart droppingCopies.asking',
      'qemu BLOCK_JOB_COMPLETED',
      'chart rolledBack',
    ]);
    expectNever(story, ['working.ending', 'writing', 'naming']);
  });

  test('of a volume swap that is called off end with the copy', async () => {
    const { output, story } = await stage.told<VolumeSwapOutput>(
      bindVolumeSwap,
      volumeSwapInput({ ...onHost(), bandwidthMibPerS: 1, disks: [toNew('vda')] }),
      async (run) => {
        await run.entered('awaitingReady.waiting');
        run.abort();
      },
    );
    expect(output).toMatchObject(calledOff);
    expectStory(story, [
      'chart copying.beginning',
      'qemu job created',
      'chart cancelling.ending',
      'qemu BLOCK_JOB_CANCELLED',
      'chart removing.unlinking',
      'chart rolledBack',
    ]);
    expectNever(story, ['confirming', 'pivoting', 'persisting', 'swapped']);
  });

  test('of a swap of two volumes are what QEMU does with both', async () => {
    // The first disk is still under way when the second copy begins.
    const { output, story } = await stage.told<VolumeSwapOutput>(
      bindVolumeSwap,
      volumeSwapInput({
        ...onHost(),
        bandwidthMibPerS: 4,
        disks: [toNew('vda'), toNew('vdb')],
      }),
    );
    expect(output).toMatchObject(done);
    const begins = ['chart copying.beginning', 'qemu job created'];
    const pivots = ['chart pivoting.asking', 'qemu BLOCK_JOB_COMPLETED'];
    expectStory(story, [
      ...begins,
      ...begins,
      'qemu job ready',
      'qemu job ready',
      { told: 'chart awaitingReady.confirming' },
      ...pivots,
      ...pivots,
      'chart swapped',
      'chart completed',
    ]);
  });

  test('of a cold snapshot with a short outage are what QEMU does', async () => {
    const asked = { directory: imageDirectory, fileName: 'short.qcow2', detach: ['rng0'] };
    const { output, story } = await stage.told<ColdSnapshotOutput>(
      bindColdSnapshot,
      coldSnapshotInput({ ...onHost(), ...asked, shortOutage: true }),
    );
    expect(output).toMatchObject(done);
    expectStory(story, [
      'chart detaching.asking',
      'qemu DEVICE_DELETED',
      'chart saving.asking.writing',
      ...memorySaved,
      'chart laying.making',
      'chart returning.starting',
      ...memoryLoaded,
      'chart returning.attaching',
      'chart copying.converting',
      'chart returning.committing',
      'qemu job created',
      'qemu job ready',
      'chart returning.pivoting',
      'qemu BLOCK_JOB_COMPLETED',
      'chart cleaning.removing',
      'chart completed',
    ]);
    expectOutage(story, output.outageMs);
  });

  test('of a snapshot with memory of a guest that runs on are what QEMU does', async () => {
    const asked = { name: 'live', memoryPath: `${volumeDirectory}/live.memory`, live: true };
    const { output, story } = await stage.told<DomainSnapshotOutput>(
      bindDomainSnapshot,
      domainSnapshotInput({ ...onHost(), ...asked }),
    );
    expect(output).toMatchObject(done);
    expectStory(story, [
      'chart withMemory.writing.running',
      'daemon snapshot begins',
      'qemu MIGRATION setup',
      'qemu MIGRATION active',
      'qemu STOP',
      'qemu MIGRATION completed',
      'qemu RESUME',
      'daemon snapshot ends',
      'chart recording.clearing',
      ...snapshotJob,
      'chart completed',
    ]);
    expectStop(story);
    expectOutage(story, output.outageMs);
  });

  test('of a save that is called off end with the guest running', async () => {
    await stage.restart(slowly);
    const { output, story } = await stage.told<ManagedSaveOutput>(
      bindManagedSave,
      managedSaveInput({ ...onHost(), action: 'save' }),
      async (run) => {
        await stage.untilMemoryMoves();
        run.abort();
      },
    );
    expect(output).toMatchObject(calledOff);
    expectStory(story, [
      'chart saving.writing',
      'daemon save begins',
      ...memoryCancelled,
      'daemon save ends',
      'chart working.looking.asking',
      'chart rolledBack',
    ]);
    expectNever(story, ['noting']);
  });

  test('of a snapshot with memory that is called off end with the guest running', async () => {
    await stage.restart(slowly);
    const asked = { name: 'none', memoryPath: `${volumeDirectory}/none.memory` };
    const { output, story } = await stage.told<DomainSnapshotOutput>(
      bindDomainSnapshot,
      domainSnapshotInput({ ...onHost(), ...asked }),
      async (run) => {
        await Promise.all([run.entered('writing.paused'), stage.untilMemoryMoves()]);
        run.abort();
      },
    );
    expect(output).toMatchObject(calledOff);
    expectStory(story, [
      'chart withMemory.writing.running',
      'daemon snapshot begins',
      ...memoryCancelled,
      'daemon snapshot ends',
      'chart working.looking.asking',
      'chart tidying.removing',
      'chart rolledBack',
    ]);
    expectStop(story);
    expectNever(story, ['recording']);
  });
});
