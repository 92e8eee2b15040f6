import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CommandError } from './command.ts';
import { allowsDirectIo, createBlankDisk, createDataDisk, parseSizeBytes } from './guest-disk.ts';
import { controlSocket } from './guest-control.ts';
import { guestImage } from './guest-image.ts';
import type { BootFiles } from './guest-image.ts';
import { commonMachine, domainXml } from './guest-xml.ts';
import type { DirtyMemory, GuestDesign, GuestDisk, PluggedDevice } from './guest-xml.ts';
import type { LabHost } from './host.ts';
import { LabError } from './lab-error.ts';
import { readJson, writeJson } from './lab-state.ts';
import { pathKind } from './path-kind.ts';
import type { LabPaths } from './paths.ts';
import { witnessSocket } from './qemu-witness.ts';
import { waitForTick } from './ticks.ts';

const guestRecordSchema = z.object({
  name: z.string(),
  uuid: z.uuid(),
  host: z.string(),
  serial: z.string(),
  disk: z.string(),
  extraDisk: z.string().nullable(),
});

/** A ticking guest: where it was made and where its traces are. Paths are as its hosts see them. */
export type LabGuest = z.infer<typeof guestRecordSchema>;

/** What a ticking guest shall have. */
export interface GuestOptions {
  /** Name of the host on which it starts. */
  readonly on: string;
  /** Disks that all hosts see, or a file of the host's own pool `images` (the default). */
  readonly storage?: 'shared' | 'private';
  /** Size of the data disk, 64M without. */
  readonly disk?: string | undefined;
  /** How much of the data disk holds random bytes, for storage copies that take time. */
  readonly fill?: string | undefined;
  /** Size of a second, blank disk `vdb`. */
  readonly extraDisk?: string | undefined;
  readonly networkCards?: 0 | 1;
  /** Devices that it lets go of while it runs. */
  readonly pluggedDevices?: readonly PluggedDevice[];
  readonly firmware?: 'bios' | 'uefi';
  readonly agent?: 'present' | 'absent';
  /** A port for `tellGuest`, which makes the agent fail; guests with one freeze a little slower. */
  readonly control?: 'present' | 'absent';
  /** Its QEMU tells a {@link QemuWitness} what happens; every host that it runs on needs one. */
  readonly events?: 'witnessed' | 'unheard';
  readonly dirtyMiBPerS?: number | undefined;
  /**
   * How much memory it dirties over and over; without, what it writes in a second (8 to 40), so
   * that nearly every written page is one to send again.
   */
  readonly dirtyMiB?: number | undefined;
  /** 128 without, 256 with UEFI, and more where {@link dirtyMiB} needs it. */
  readonly memoryMiB?: number | undefined;
  /** One that both generations have without; see {@link newerMachine}. */
  readonly machine?: string | undefined;
  /** It runs without; `paused` after its first tick; `shutOff` is only defined, with its disks. */
  readonly state?: 'running' | 'paused' | 'shutOff';
}

const bootTimeoutMs = { bios: 60_000, uefi: 180_000 };
const agentTimeoutMs = 30_000;

function checkName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return;
  throw new LabError(`'${name}' cannot name a guest: use small letters, digits and hyphens`);
}

/** The boot files at a path that every host sees. */
async function placeBootFiles(lab: LabPaths): Promise<BootFiles> {
  const cached = await guestImage();
  const directory = join(lab.bootDir, cached.fingerprint);
  const placed = { kernel: join(directory, 'vmlinuz'), initramfs: join(directory, 'initramfs') };
  if ((await pathKind(directory)) !== null) return placed;
  // Two guests may be made at once: whoever renames first wins, and both copies are the same.
  const draft = await mkdtemp(join(lab.dir, 'boot-'));
  await copyFile(cached.kernel, join(draft, 'vmlinuz'));
  await copyFile(cached.initramfs, join(draft, 'initramfs'));
  await mkdir(lab.bootDir, { recursive: true });
  await rename(draft, directory).catch(() => rm(draft, { recursive: true }));
  return placed;
}

interface DiskPlace {
  /** Where the file is made, from outside the namespaces. */
  readonly file: string;
  readonly disk: GuestDisk;
}

async function placeDisk(
  lab: LabPaths,
  host: LabHost,
  storage: 'shared' | 'private',
  base: string,
  targetDev: 'vda' | 'vdb',
): Promise<DiskPlace> {
  const directory = storage === 'shared' ? lab.sharedDir : host.paths.imagesDir;
  const cache = (await allowsDirectIo(directory)) ? 'none' : 'writeback';
  const seenDirectory = storage === 'shared' ? directory : '/var/lib/libvirt/images';
  const path = join(seenDirectory, `${base}.qcow2`);
  return { file: join(directory, `${base}.qcow2`), disk: { path, targetDev, cache } };
}

async function define(lab: LabPaths, host: LabHost, design: GuestDesign): Promise<void> {
  const file = join(lab.guestsDir, `${design.name}.xml`);
  await mkdir(lab.guestsDir, { recursive: true });
  await writeFile(file, domainXml(design));
  await host.virsh(['define', file]);
}

async function start(host: LabHost, name: string): Promise<void> {
  await host.virsh(['start', name], { timeoutMs: 60_000 });
}

function dirtyMemory({ dirtyMiBPerS = 0, dirtyMiB }: GuestOptions): DirtyMemory {
  const areaMiB = dirtyMiB ?? Math.min(40, Math.max(8, dirtyMiBPerS));
  return { rateMiBPerS: dirtyMiBPerS, areaMiB };
}

/** What the guest's system needs, and beside it what is dirtied beyond the usual. */
function defaultMemoryMiB(firmware: 'bios' | 'uefi', { areaMiB }: DirtyMemory): number {
  return (firmware === 'uefi' ? 256 : 128) + Math.max(0, areaMiB - 40);
}

/**
 * Makes a guest and, unless it shall be shut off, starts it and waits until it has ticked and its
 * agent answers.
 * @throws {LabError} when the name is taken or it does not tick within a minute (three with UEFI).
 */
export async function createGuest(
  lab: LabPaths,
  host: LabHost,
  name: string,
  options: GuestOptions,
): Promise<LabGuest> {
  checkName(name);
  const record = join(lab.guestsDir, `${name}.json`);
  if ((await pathKind(record)) !== null) throw new LabError(`there is a guest ${name} already`);
  const storage = options.storage ?? 'private';
  const sizeBytes = parseSizeBytes(options.disk ?? '64M');
  const fillBytes = options.fill === undefined ? 0 : parseSizeBytes(options.fill);

  const data = await placeDisk(lab, host, storage, name, 'vda');
  await createDataDisk(data.file, sizeBytes, fillBytes);
  const places = [data];
  if (options.extraDisk !== undefined) {
    const extra = await placeDisk(lab, host, storage, `${name}-extra`, 'vdb');
    await createBlankDisk(extra.file, parseSizeBytes(options.extraDisk));
    places.push(extra);
  }
  if (storage === 'private') await host.virsh(['pool-refresh', 'images']);
  const serial = join(lab.serialDir, `${name}.log`);
  await writeFile(serial, '');

  const firmware = options.firmware ?? 'bios';
  const dirty = dirtyMemory(options);
  const design: GuestDesign = {
    name,
    uuid: randomUUID(),
    memoryMiB: options.memoryMiB ?? defaultMemoryMiB(firmware, dirty),
    machine: options.machine ?? commonMachine,
    boot: { ...(await placeBootFiles(lab)), dirty },
    firmware,
    disks: places.map((place) => place.disk),
    serialFile: serial,
    agent: options.agent ?? 'present',
    controlSocket: options.control === 'present' ? controlSocket(lab, name) : null,
    eventSocket: options.events === 'witnessed' ? witnessSocket : null,
    networkCards: options.networkCards ?? 0,
    pluggedDevices: options.pluggedDevices ?? [],
  };
  await define(lab, host, design);
  const extraDisk = design.disks[1]?.path ?? null;
  const guest: LabGuest = {
    name,
    uuid: design.uuid,
    host: host.name,
    serial,
    disk: data.disk.path,
    extraDisk,
  };
  await writeJson(record, guest);
  if (options.state === 'shutOff') return guest;
  await start(host, name);
  await waitForTick(serial, 0, { timeoutMs: bootTimeoutMs[firmware] });
  if (design.agent === 'present') await waitForAgent(host, name);
  if (options.state === 'paused') await host.virsh(['suspend', name]);
  return guest;
}

/**
 * The agent starts beside the count and may be the later of the two; libvirt tells of it only by
 * asking.
 */
async function waitForAgent(host: LabHost, name: string): Promise<void> {
  const deadlineMs = performance.now() + agentTimeoutMs;
  for (;;) {
    try {
      await host.virsh(['qemu-agent-command', name, '{"execute":"guest-ping"}']);
      return;
    } catch (error) {
      if (!(error instanceof CommandError) || performance.now() > deadlineMs) throw error;
    }
    await sleep(50);
  }
}

/**
 * Makes and starts a domain without disk or system that sits in its firmware: for tests that need a
 * running domain, not a guest. Ready in 0.3 s.
 */
export async function createBareDomain(
  lab: LabPaths,
  host: LabHost,
  name: string,
  memoryMiB: number,
): Promise<{ readonly name: string; readonly uuid: string }> {
  checkName(name);
  const uuid = randomUUID();
  await define(lab, host, {
    name,
    uuid,
    memoryMiB,
    machine: commonMachine,
    boot: null,
    firmware: 'bios',
    disks: [],
    serialFile: null,
    agent: 'absent',
    controlSocket: null,
    eventSocket: null,
    networkCards: 0,
    pluggedDevices: [],
  });
  await start(host, name);
  return { name, uuid };
}

/** The guests that the lab has made since the last reset. */
export async function recordedGuests(lab: LabPaths): Promise<LabGuest[]> {
  const files = (await readdir(lab.guestsDir).catch(() => [])).filter((f) => f.endsWith('.json'));
  const guests = await Promise.all(
    files.toSorted().map((file) => readJson(join(lab.guestsDir, file), guestRecordSchema)),
  );
  return guests.filter((guest) => guest !== null);
}

/** Removes what guests leave outside their hosts. */
export async function removeGuestFiles(lab: LabPaths): Promise<void> {
  for (const directory of [lab.guestsDir, lab.serialDir, lab.sharedDir]) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
  }
}
