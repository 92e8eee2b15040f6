import { randomBytes } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabHost } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { copyDisk } from '../../src/bindings/copy-disk.ts';
import { systemClock } from '../../src/index.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { PythonPeer } from './python-peer.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';

const bench = 'volume-copy';
const sizeMiB = 256;
const lengthBytes = sizeMiB * 1024 * 1024;
const pairCount = 30;
const paths = {
  from: '/var/lib/libvirt/images/bench-from.img',
  to: '/var/lib/libvirt/images/bench-to.img',
};
const peerAnswer = z.object({ elapsedS: z.number().positive() });

/** Bytes that no file system stores as a hole. */
async function fillVolume({ paths: { imagesDir } }: LabHost): Promise<void> {
  const file = await openFile(join(imagesDir, 'bench-from.img'), 'w');
  try {
    for (let mib = 0; mib < sizeMiB; mib += 1) await file.write(randomBytes(1024 * 1024));
  } finally {
    await file.close();
  }
}

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const hosts = await tools.lab();
  const [source, destination] = [hosts.host('hostA'), hosts.host('hostB')];
  const { signal } = new AbortController();
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  try {
    await fillVolume(source);
    const there = await hypervisors.open(destination.uri, signal);
    await there.createVolume(paths.to, lengthBytes, signal);
    // The peer looks the volume up without a refresh of the pool.
    await source.virsh(['pool-refresh', 'images']);
    await using python = new PythonPeer('libvirt_copy.py', [source.uri, destination.uri]);
    const copy = {
      source: source.uri,
      destination: destination.uri,
      domainUuid: '',
      disk: { targetDev: 'vda', ...paths },
    };
    const oursS = async (): Promise<number> => {
      const begunMs = performance.now();
      await copyDisk(hypervisors, copy, { signal, clock: systemClock, report: () => undefined });
      return (performance.now() - begunMs) / 1000;
    };
    const peerS = async (): Promise<number> =>
      (await python.ask({ ...paths, lengthBytes }, peerAnswer)).elapsedS;
    const seconds = await alternate({ count: tools.pairs(pairCount), warmUp: 1 }, oursS, peerS);
    const metric = `${sizeMiB} MiB through this process`;
    const peerName = 'python3-libvirt, streams';
    return [
      compare(
        { bench, metric, unit: 'MiB/s', peerName, goal: '>= 0.9' },
        seconds.map(({ ours, peer }) => ({ ours: sizeMiB / ours, peer: sizeMiB / peer })),
      ),
    ];
  } finally {
    await hypervisors.close();
    await hosts.reset();
  }
}

/** The disk of an offline move: a download from one daemon that is an upload to the other. */
export const volumeCopy: Bench = { name: bench, run: measure };
