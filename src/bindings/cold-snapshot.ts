import { coldSnapshot } from '../../machines/index.ts';
import type { BoundMachine, EffectSlot, SlotsOf, Tools } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { gatherColdSnapshot, inspectGuest } from './cold-facts.ts';
import { copyDisk, nameImage } from './cold-images.ts';
import { commitOverlay, makeOverlay, mergeOverlay } from './cold-overlays.ts';
import { doneAgain } from './done-again.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';
import { coldSnapshotUpgrades } from './cold-snapshot-upgrades.ts';
import { aboutOneHost, frameSlots, watchesDomain } from './one-host.ts';

/** The chart `cold-snapshot` over the ports of one host. */
export function coldSnapshotSlots(hypervisors: Hypervisors): SlotsOf<typeof coldSnapshot> {
  const again = <Input, Output>(
    effect: (hypervisors: Hypervisors, input: Input, tools: Tools) => Promise<Output>,
  ) => doneAgain(hypervisors, effect);
  const on = <Input extends { readonly host: string }>(
    act: (host: Hypervisor, input: Input, signal: AbortSignal) => Promise<unknown>,
  ) =>
    again<Input, void>(async (_, input, { signal }) => {
      await act(await hypervisors.open(input.host, signal), input, signal);
    });
  /** Only a fresh look allows it: after a crash the chart looks again. */
  const once = <Input extends { readonly host: string }>(
    act: (host: Hypervisor, input: Input, signal: AbortSignal) => Promise<unknown>,
  ): EffectSlot<Input, void> => ({ ...on(act), recovery: 'unknown' });
  return {
    ...frameSlots(hypervisors),
    watchDomain: watchesDomain(hypervisors),
    gatherFacts: again(gatherColdSnapshot),
    inspectGuest: again(inspectGuest),
    detachDevice: on((host, { device, domainUuid }, signal) =>
      host.detachDevice(domainUuid, device, signal),
    ),
    attachDevice: on((host, { device, domainUuid }, signal) =>
      host.attachDevice(domainUuid, device, signal),
    ),
    // It goes on without us, and nothing tells a second save from the first.
    saveMemory: once((host, { domainUuid }, signal) =>
      host.managedSave(domainUuid, { bypassCache: false, resumeAs: 'asBefore' }, signal),
    ),
    abortSave: once(async (host, { domainUuid }, signal) => {
      const status = await host.findStatus(domainUuid, signal);
      if (status?.job?.operation === 'save') await host.abortJob(domainUuid, signal);
    }),
    makeOverlay: again(makeOverlay),
    putOverlay: on((host, { disk, domainUuid, place }, signal) =>
      host.putOverlay(domainUuid, place, disk, signal),
    ),
    takeOverlay: on((host, { disk, domainUuid, place }, signal) =>
      host.takeOverlay(domainUuid, place, disk, signal),
    ),
    startSaved: on(async (host, { domainUuid, paused }, signal) => {
      // Without its memory a start would be a boot: not what the guest was.
      const domain = await host.findDomain(domainUuid, signal);
      if (domain?.managedSave !== true) return;
      await host.start(domainUuid, { paused, bypassCache: false, forceBoot: false }, signal);
    }),
    resumeGuest: once((host, { domainUuid }, signal) => host.resume(domainUuid, signal)),
    dropSave: once(async (host, { domainUuid }, signal) => {
      // Of a guest that does not run it would be all the memory that there is.
      const status = await host.findStatus(domainUuid, signal);
      const isActive = status?.state === 'running' || status?.state === 'paused';
      if (isActive && status.job === null) await host.removeManagedSave(domainUuid, signal);
    }),
    commitOverlay: again(commitOverlay),
    // That no job is left to be pivoted is for the next look to judge.
    pivotOverlay: on((host, { disk, domainUuid }, signal) =>
      host.endBlockJob(domainUuid, disk.targetDev, 'pivot', signal),
    ),
    mergeOverlay: again(mergeOverlay),
    copyDisk: again(copyDisk),
    nameImage: again(nameImage),
    removeFile: on((host, { path }, signal) => host.removeFile(path, signal)),
  };
}

export function bindColdSnapshot(hypervisors: Hypervisors): BoundMachine {
  return bind(coldSnapshot, coldSnapshotSlots(hypervisors), {
    about: aboutOneHost,
    upgrades: coldSnapshotUpgrades,
  });
}
