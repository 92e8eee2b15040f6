import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { liveSnapshotInput } from '../../machines/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { alternate } from './bench.ts';
import type { Bench, BenchTools } from './bench.ts';
import { PythonPeer } from './python-peer.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';
import { warmEngine } from './warm-engine.ts';

const bench = 'live-snapshot';
const pairCount = 30;
const peerAnswer = z.object({ elapsedS: z.number().positive() });
const seen = z.object({ consistency: z.literal('filesystem') });

async function measure(tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const host = lab.host('hostA');
  await using ours = warmEngine((hypervisors) => [bindLiveSnapshot(hypervisors)]);
  try {
    // Hosts and whoever is outside see these files at the same paths.
    const guest = await lab.guest('snapshot', {
      on: 'hostA',
      storage: 'shared',
      disk: '128M',
      fill: '80M',
    });
    const directory = join(lab.paths.sharedDir, 'images');
    await mkdir(directory);
    const [image, delta] = [join(directory, 'image.qcow2'), join(directory, 'delta.qcow2')];
    await using python = new PythonPeer('libvirt_snapshot.py', [host.uri]);
    const oursMs = async (): Promise<number> => {
      const input = liveSnapshotInput({
        domain: guest.name,
        host: host.uri,
        directory,
        fileName: 'image.qcow2',
        quiesce: 'required',
      });
      const { elapsedMs, output } = await ours.complete('liveSnapshot', input);
      seen.parse(output);
      await rm(image);
      return elapsedMs;
    };
    const peerMs = async (): Promise<number> => {
      const request = { domain: guest.name, disk: 'vda', sizeBytes: 128 * 2 ** 20, delta, image };
      const { elapsedS } = await python.ask(request, peerAnswer);
      await rm(image);
      return elapsedS * 1000;
    };
    const pairs = await alternate({ count: tools.pairs(pairCount), warmUp: 1 }, oursMs, peerMs);
    const metric = '128 MiB with 80 MiB of data to a flat image';
    const peerName = 'python3-libvirt, asks every 0.5 s';
    return [compare({ bench, metric, unit: 'ms', peerName, goal: '<= 0.5' }, pairs)];
  } finally {
    await lab.reset();
  }
}

/** The same calls as Nova's, of which ours wait for events. */
export const liveSnapshots: Bench = { name: bench, run: measure };
