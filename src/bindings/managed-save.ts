import { dirname } from 'node:path/posix';

import { managedSave } from '../../machines/managed-save.machine.ts';
import type {
  ManagedSaveInput,
  SavedLook,
  SavingCall,
  SavingFacts,
  SavingLook,
} from '../../machines/policy/managed-save/managed-save.ts';
import { savedPlace } from '../../machines/policy/managed-save/managed-save.ts';
import type { EffectSlot, SlotsOf, Tools } from '../engine/slots.ts';
import { bind, type BoundMachine } from '../engine/slots.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { SavedDisk, SavedPlace } from '../ports/saving.ts';
import { doneAgain } from './done-again.ts';
import { effectOnDomain } from './effect-on-domain.ts';
import {
  aboutOneHost,
  frameSlots,
  gatherOneHost,
  lookAtDomain,
  watchesDomain,
} from './one-host.ts';

type Call = (host: Hypervisor, call: SavingCall, signal: AbortSignal) => Promise<void>;

/** The chart `managed-save` over the port `Hypervisor`. */
export function managedSaveSlots(hypervisors: Hypervisors): SlotsOf<typeof managedSave> {
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherSaving),
    watchDomain: watchesDomain(hypervisors),
    lookAtSaved: doneAgain(hypervisors, lookAtSaved),
    noteSaved: doneAgain(hypervisors, noteSaved),
    // Nobody but the daemon knows what came of these when we die; the chart looks then.
    saveGuest: onceOnly(hypervisors, saveGuest),
    goOnGuest: onceOnly(hypervisors, goOnGuest),
    discardSaved: doneAgain(hypervisors, discardSaved),
    forgetNotes: effectOnDomain(hypervisors, (host, uuid, signal) =>
      host.forgetNotes(uuid, signal),
    ),
    removeImage: effectOnDomain(hypervisors, (host, uuid, signal) =>
      host.removeManagedSave(uuid, signal),
    ),
    resumeGuest: effectOnDomain(
      hypervisors,
      (host, uuid, signal) => host.resume(uuid, signal),
      'unknown',
    ),
    abortSave: effectOnDomain(
      hypervisors,
      async (host, uuid, signal) => {
        const status = await host.findStatus(uuid, signal);
        if (status?.job?.operation === 'save') await host.abortJob(uuid, signal);
      },
      'unknown',
    ),
  };
}

export function bindManagedSave(hypervisors: Hypervisors): BoundMachine {
  return bind(managedSave, managedSaveSlots(hypervisors), {
    about: (input) => ({
      ...aboutOneHost(input),
      secrets: input.options.xml === null ? [] : [input.options.xml],
    }),
  });
}

function onceOnly(hypervisors: Hypervisors, act: Call): EffectSlot<SavingCall, void> {
  return {
    kind: 'effect',
    recovery: 'unknown',
    run: async (call, { signal }) => act(await hypervisors.open(call.host, signal), call, signal),
  };
}

/** The guest that a file holds is the one that this is about, whatever it is called here. */
async function gatherSaving(
  hypervisors: Hypervisors,
  input: ManagedSaveInput,
  tools: Pick<Tools, 'clock' | 'signal'>,
): Promise<SavingFacts> {
  const { signal } = tools;
  const host = await hypervisors.open(input.host, signal);
  const inFile =
    input.action === 'restore' ? await lookAtImage(host, savedPlace(input, ''), signal) : null;
  const domain = inFile?.kind === 'whole' ? inFile.guest.domainUuid : input.domain;
  const facts = await gatherOneHost(hypervisors, { ...input, domain }, tools);
  const place = facts.domain === null ? null : savedPlace(input, facts.domain.uuid);
  const saved = inFile ?? (place === null ? noImage : await lookAtImage(host, place, signal));
  const [disks, savedAt, unsaveable, freeBytes] = await Promise.all([
    saved.kind === 'whole' ? readDisks(host, saved.guest.disks, signal) : [],
    input.file === null ? null : changedAt(host, input.file, signal),
    facts.domain === null ? [] : findUnsaveable(host, facts.domain.uuid, signal),
    input.action === 'saveTo' && input.file !== null
      ? findFreeBytes(host, dirname(input.file), signal)
      : null,
  ]);
  return { ...facts, saved, disks, savedAt, unsaveable, freeBytes };
}

const noImage: SavedLook = { kind: 'none' };

async function lookAtImage(
  host: Hypervisor,
  place: SavedPlace,
  signal: AbortSignal,
): Promise<SavedLook> {
  try {
    const guest = await host.findSaved(place, signal);
    return guest === null ? noImage : { kind: 'whole', guest };
  } catch (error) {
    const { code, message } = toFailure(error);
    if (code !== 'notASaveImage') throw error;
    return { kind: 'broken', message };
  }
}

async function readDisks(
  host: Hypervisor,
  disks: readonly Omit<SavedDisk, 'changedAt'>[],
  signal: AbortSignal,
): Promise<SavedDisk[]> {
  return Promise.all(
    disks.map(async (disk) => ({ ...disk, changedAt: await changedAt(host, disk.path, signal) })),
  );
}

async function changedAt(
  host: Hypervisor,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  return (await host.findVolume(path, signal))?.changedAt ?? null;
}

/** What stands for a device of the host in a guest's definition, but for USB, which is saved. */
async function findUnsaveable(
  host: Hypervisor,
  uuid: string,
  signal: AbortSignal,
): Promise<string[]> {
  const devices = await host.findDevices(uuid, signal);
  return devices
    .filter(({ passthrough }) => passthrough !== null && passthrough !== 'usb')
    .map(({ description }) => description);
}

/** Where nothing but libvirt reaches the host, nobody can tell. */
async function findFreeBytes(
  host: Hypervisor,
  directory: string,
  signal: AbortSignal,
): Promise<SavingFacts['freeBytes']> {
  const found = host.availableBytes(directory, signal).then((bytes) => bytes ?? 'noDirectory');
  return orUnreachable<SavingFacts['freeBytes']>(found, () => null);
}

async function lookAtSaved(
  hypervisors: Hypervisors,
  call: SavingCall,
  tools: Pick<Tools, 'clock' | 'signal'>,
): Promise<SavingLook> {
  const domain = await lookAtDomain(hypervisors, call, tools);
  if (!domain.reachable) return { domain, saved: noImage };
  const host = await hypervisors.open(call.host, tools.signal);
  return { domain, saved: await lookAtImage(host, call.place, tools.signal) };
}

async function saveGuest(
  host: Hypervisor,
  { domainUuid, options, place }: SavingCall,
  signal: AbortSignal,
): Promise<void> {
  if (place.kind === 'managed') await host.managedSave(domainUuid, options, signal);
  else await host.saveTo(domainUuid, place.path, options, signal);
}

async function goOnGuest(
  host: Hypervisor,
  { domainUuid, options, place }: SavingCall,
  signal: AbortSignal,
): Promise<void> {
  const { bypassCache, forceBoot, resumeAs } = options;
  if (place.kind === 'file') await host.restoreFrom(place.path, options, signal);
  else
    await host.start(domainUuid, { bypassCache, forceBoot, paused: resumeAs === 'paused' }, signal);
}

async function noteSaved(
  hypervisors: Hypervisors,
  { host: uri, place }: SavingCall,
  { signal }: Pick<Tools, 'signal'>,
): Promise<void> {
  const host = await hypervisors.open(uri, signal);
  const guest = await host.findSaved(place, signal);
  if (guest === null) return;
  await host.noteSaved(place, await readDisks(host, guest.disks, signal), signal);
}

/** A whole memory of a guest that does not run is what somebody goes on from: it stays. */
async function discardSaved(
  hypervisors: Hypervisors,
  call: SavingCall,
  tools: Pick<Tools, 'clock' | 'signal'>,
): Promise<void> {
  const host = await hypervisors.open(call.host, tools.signal);
  const status = await host.findStatus(call.domainUuid, tools.signal);
  const saved = await lookAtImage(host, call.place, tools.signal);
  const isUp = status !== null && status.state !== 'shutoff' && status.state !== 'crashed';
  const isStale = saved.kind === 'whole' && isUp && saved.guest.domainUuid === call.domainUuid;
  if (saved.kind === 'broken' || isStale) await remove(host, call.place, tools.signal);
}

/** A file goes by the tools of its host, or as a volume of the pool that it lies in. */
async function remove(host: Hypervisor, place: SavedPlace, signal: AbortSignal): Promise<void> {
  if (place.kind === 'managed') return host.removeManagedSave(place.domainUuid, signal);
  const { path } = place;
  await orUnreachable(host.removeFile(path, signal), async () => {
    if ((await host.findVolume(path, signal)) !== null) return host.deleteVolume(path, signal);
    const message = `${path} lies in no storage pool, and nothing but libvirt reaches its host: remove it there`;
    throw new FailureError({ code: 'fileLeft', message, effect: 'none' });
  });
}

async function orUnreachable<T>(answer: Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (toFailure(error).code !== 'imageToolsUnreachable') throw error;
    return otherwise();
  }
}
