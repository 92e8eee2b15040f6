import type { SwapOrder } from '../../machines/index.ts';
import { volumeSwapInput } from '../../machines/index.ts';
import type { DiskSpec, VolumeSpec } from '../../src/adapters/simulated/index.ts';
import type { DiskSource } from '../../src/ports/disk-source.ts';
import { placeOf } from '../../src/ports/disk-source.ts';
import type { Answer, Random } from '../../src/testing/simulation/index.ts';
import type { Ask, Asked } from './random-one-host.ts';

/** One disk or several, to volumes that are made for it or that stand already. */
export function askSwap({ domain, ours, random }: Ask): Asked {
  const { disks = [], name } = domain;
  const chosen = random.chance(0.5) ? disks : [...disks].toReversed().slice(0, 1);
  const ordered = chosen.map((disk) => orderFor(random, name, disk));
  const oldVolume = random.pick(['leave', 'delete', 'confirm'] as const);
  return {
    input: volumeSwapInput({
      ...ours,
      disks: ordered.map(({ order }) => order),
      shallow: random.chance(0.1),
      oldVolume,
      bandwidthMibPerS: random.pick([0, 0, 8]),
    }),
    standing: ordered.flatMap(({ standing }) => standing),
    answers: oldVolume === 'confirm' ? answers(random) : [],
    // Where no libvirt can hold it back, a busy guest outruns the copy.
    mayFailWith: ['stalled', 'timedOut'],
  };
}

function orderFor(random: Random, name: string, { capacityBytes, targetDev }: DiskSpec) {
  const resizeBytes = random.chance(0.3) ? 2 * capacityBytes : null;
  const source = sourceFor(random, `${name}-${targetDev}`);
  const create = source.kind === 'file' && random.chance(0.7);
  const format = source.kind === 'file' ? random.pick(['qcow2', 'qcow2', 'raw']) : 'raw';
  const to = { source, format };
  const order: SwapOrder = { targetDev, to, create, resizeBytes };
  const volume: VolumeSpec = { path: placeOf(source), capacityBytes, format };
  return { order, standing: create ? [] : [volume] };
}

function sourceFor(random: Random, name: string): DiskSource {
  switch (random.pick(['pool', 'pool', 'directory', 'directory', 'block', 'nbd', 'rbd'] as const)) {
    case 'pool':
      return { kind: 'file', path: `/images/${name}.new` };
    case 'directory':
      return { kind: 'file', path: `/backup/${name}.new` };
    case 'block':
      return { kind: 'block', path: `/dev/vg/${name}` };
    case 'nbd': {
      const host = { transport: 'tcp', name: 'store', port: 10_809 } as const;
      return { kind: 'nbd', host, exportName: name };
    }
    case 'rbd':
      return { kind: 'rbd', image: `vms/${name}`, monitors: [], auth: null, configPath: null };
  }
}

/** Somebody looks at it, and keeps it or goes back; where going back fails, it is kept in the end. */
function answers(random: Random): readonly Answer[] {
  const say = (word: 'confirm' | 'undo'): Answer => ({
    in: 'awaitingConfirmation',
    afterMs: random.pick([1, 3_000, 600_000]),
    event: { type: `${word}.requested` },
  });
  return random.chance(0.4) ? [say('confirm')] : [say('undo'), say('undo'), say('confirm')];
}
