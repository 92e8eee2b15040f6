import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { z } from 'zod';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { continuity, labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import type { VolumeSwapInput, VolumeSwapOutput } from '../../machines/index.ts';
import { volumeSwapInput } from '../../machines/index.ts';
import type { SwapOrder } from '../../machines/policy/volume-swap/volume-swap.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { Hypervisors } from '../../src/index.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import { labRuns, openLabHosts } from './lab-runs.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

/** Where volumes are, as the host sees it. */
export const volumes = '/var/lib/libvirt/images';
/** Takes a minute for the disk: whatever happens meanwhile, happens in the copy. */
export const slowly = { bandwidthMibPerS: 1 };

export const fileImage = (name: string, format = 'qcow2'): DiskImage => ({
  source: { kind: 'file', path: `${volumes}/${name}` },
  format,
});

const nodesSchema = z.object({ return: z.array(z.object({ file: z.string() })) });

export interface SwapRequest extends OnTheWay {
  readonly input?: Partial<VolumeSwapInput>;
  readonly order?: Partial<SwapOrder>;
}

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useSwapLab(
  purpose: string,
  guestOptions: Partial<GuestOptions> = {},
  hostName: 'hostA' | 'hostC' = 'hostA',
) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  let ticksBefore = 0;
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(hostName);
  beforeAll(async () => {
    const hosts = hostName === 'hostA' ? 2 : 3;
    const lab = await labUp({ name: labNameFor(purpose), hosts });
    const hypervisors = openLabHosts(lab);
    const guest = await lab.guest('guest', {
      on: hostName,
      agent: 'absent',
      fill: '16M',
      ...guestOptions,
    });
    opened = { lab, hypervisors, guest };
  }, 180_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  const virsh = (...words: string[]): Promise<string> => host().virsh(words);
  /** What it counted up to stands on its disk, at most one ahead of what it said. */
  const switchOn = async (): Promise<void> => {
    const { name, serial } = current().guest;
    const said = await readTicks(serial);
    await virsh('start', name);
    const last = said.at(-1)?.n ?? 0;
    await vi.waitUntil(async () => (await readTicks(serial)).length > said.length, 60_000);
    ticksBefore = said.length;
    const next = (await readTicks(serial))[ticksBefore]?.n ?? 0;
    expect([last + 1, last + 2]).toContain(next);
  };
  return {
    get lab() {
      return current().lab;
    },
    get host() {
      return host();
    },
    get guest() {
      return current().guest;
    },
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`volumeSwap x ${state} x ${fault} x ${outcome}`);
    },
    swap: async (
      to: DiskImage,
      { input, order, ...way }: SwapRequest = {},
    ): Promise<VolumeSwapOutput> => {
      const { guest, hypervisors, lab } = current();
      const disk = { targetDev: 'vda', to, create: true, resizeBytes: null, ...order };
      const about = { domain: guest.name, host: host().uri };
      const asked = volumeSwapInput({ ...about, disks: [disk], ...input });
      return drive({ hypervisors, lab }, asked, way);
    },
    /** What libvirt says of vda: `[what runs, what the next start takes]`. */
    places: async (): Promise<(string | undefined)[]> => {
      const lists = await Promise.all(
        [[], ['--inactive']].map((flags) => virsh('domblklist', current().guest.name, ...flags)),
      );
      return lists.map((list) => /^ *vda +(\S.*)$/m.exec(list)?.[1]);
    },
    /** From here on the guest may have another disk than before. */
    beginCount: async (): Promise<void> => {
      ticksBefore = (await readTicks(current().guest.serial)).length;
    },
    /** Ticks since the guest was last switched on. */
    ticks: async () => (await readTicks(current().guest.serial)).slice(ticksBefore),
    switchOn,
    /** Off and on again. */
    powerCycle: async (meanwhile: () => Promise<unknown> = async () => {}): Promise<void> => {
      await virsh('destroy', current().guest.name);
      await meanwhile();
      await switchOn();
    },
    /** What whoever was called as an operator does last. */
    releaseClaims: async (): Promise<void> => {
      const { guest, hypervisors } = current();
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host().uri, signal);
      for (const { run } of await hypervisor.findClaims(guest.uuid, signal))
        await hypervisor.releaseClaim(guest.uuid, run, signal);
    },
    definition: (): Promise<string> =>
      virsh('dumpxml', '--inactive', '--security-info', current().guest.name),
    files: async (): Promise<string[]> => (await readdir(host().paths.imagesDir)).toSorted(),
    checksum: async (path: string): Promise<string> =>
      (await host().run('sha256sum', ['--', path])).split(' ')[0] ?? '',
    remove: (...names: string[]): Promise<string> =>
      host().run('rm', ['-f', '--', ...names.map((name) => `${volumes}/${name}`)]),
    /** Paths that the guest's QEMU itself has open as block devices, whatever libvirt knows of them. */
    openFiles: async (): Promise<string[]> => {
      const asked = '{"execute":"query-named-block-nodes","arguments":{"flat":true}}';
      const answer = await virsh('qemu-monitor-command', current().guest.name, asked);
      const { return: nodes } = nodesSchema.parse(JSON.parse(answer));
      const paths = nodes.map(({ file }) => file).filter((file) => file.startsWith('/'));
      return [...new Set(paths)].toSorted();
    },
    /** As a crash of it would be. */
    killQemu: async (): Promise<void> => {
      const { name } = current().guest;
      await host().signalQemu(name, 'SIGKILL');
      await vi.waitUntil(async () => !(await host().qemuProcesses()).includes(name), 20_000);
    },
  };
}

export type SwapStage = ReturnType<typeof useSwapLab>;

const { drive } = labRuns<VolumeSwapOutput>(bindVolumeSwap);

/**
 * The guest ticks on without a gap, persistent, on that volume, which its definition names, too, and
 * without a job or a claim.
 */
export async function expectOn(stage: SwapStage, place: string): Promise<void> {
  const { guest, host } = stage;
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 60_000 });
  const seen = continuity(await stage.ticks());
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
  expect(await stage.places()).toEqual([place, place]);
  const { domains } = await host.listing();
  expect(domains?.find(({ name }) => name === guest.name)).toMatchObject({
    state: 'running',
    persistent: true,
    job: null,
    blockJobs: [],
    exports: [],
  });
  const definition = await host.virsh(['dumpxml', guest.name]);
  expect(definition).not.toMatch(/<mirror|virtstate:claim/);
  // Nothing of a copy is left in QEMU itself.
  for (const file of await stage.openFiles()) expect(definition).toContain(`'${file}'`);
}

/** As an operator would: libvirt may have lost sight of the QEMU, or the guest may be off. */
export async function recoverGuest(stage: SwapStage): Promise<void> {
  const { guest, host } = stage;
  await stage.releaseClaims();
  const state = await host.virsh(['domstate', guest.name]);
  if (state.trim() === 'running') {
    const definition = await host.virsh(['dumpxml', guest.name]);
    const [live, next] = await stage.places();
    if (definition.includes('<mirror') || live !== next) await stage.powerCycle();
    return;
  }
  if ((await host.qemuProcesses()).includes(guest.name)) await stage.killQemu();
  await stage.beginCount();
  await host.virsh(['start', guest.name]);
  // Whoever reads its count next reads that of this start.
  await vi.waitUntil(async () => (await stage.ticks()).length > 0, 60_000);
}

/** Something that happens the first time that a state is entered. */
export function onceIn(state: string, act: () => Promise<unknown>) {
  const happened = Promise.withResolvers<void>();
  let isDue = true;
  const onState = async (entered: string): Promise<void> => {
    if (!isDue || !entered.endsWith(state)) return;
    isDue = false;
    await act();
    happened.resolve();
  };
  return { onState, happened: happened.promise };
}

/**
 * An export of 64 MiB by a qemu-nbd of its own, which ends with the test: on the guest's host, or, for
 * what passes through a cable, on another one.
 */
export async function serveNbd(
  stage: SwapStage,
  transport: 'tcp' | 'unix',
  host: LabHost = stage.host,
): Promise<{ to: DiskImage; signal: (name: 'KILL' | 'STOP' | 'CONT') => Promise<void> }> {
  const [file, socket, port] = [`${volumes}/nbd.raw`, `${volumes}/nbd.sock`, 10_909];
  await host.run('truncate', ['-s', '64M', file]);
  const address = transport === 'unix' ? ['-k', socket] : ['-b', host.address, '-p', `${port}`];
  const pidFile = `${volumes}/nbd.pid`;
  // It answers when it has gone into the background.
  await host.run('qemu-nbd', [
    '--fork',
    `--pid-file=${pidFile}`,
    '--format=raw',
    '--export-name=vol',
    '--persistent',
    '--shared=5',
    ...address,
    file,
  ]);
  const signal = async (name: string): Promise<void> => {
    await host.run('sh', ['-c', `kill -${name} "$(cat ${pidFile})"`]);
  };
  onTestFinished(async () => {
    const all = `[ ! -e ${pidFile} ] || kill -9 "$(cat ${pidFile})"; rm -f ${pidFile} ${file} ${socket}`;
    await host.run('sh', ['-c', all]);
  });
  const end =
    transport === 'unix'
      ? ({ transport, socket } as const)
      : ({ transport, name: host.address, port } as const);
  return { to: { source: { kind: 'nbd', host: end, exportName: 'vol' }, format: 'raw' }, signal };
}
