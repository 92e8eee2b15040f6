import { volumeSwapInput } from '../../../machines/index.ts';
import { diskPath, hosts, secondPath, shutOff } from './one-host-guest.ts';
import { mayBreakOff, ours, way } from './one-host-way.ts';
import type { OneHostScenario } from './scenario.ts';

const swapOf = (targetDev: string) =>
  ({
    targetDev,
    to: { source: { kind: 'file', path: `/backup/${targetDev}.qcow2` }, format: 'qcow2' },
    create: true,
    resizeBytes: null,
  }) as const;
const newVolumes = ['/backup/vda.qcow2', '/backup/vdb.qcow2'];
const swap = (name: string, input: object, more: Partial<OneHostScenario> = {}) =>
  way({
    name,
    machine: 'volume-swap',
    run: {
      machine: 'volumeSwap',
      input: volumeSwapInput({ ...ours, disks: [swapOf('vda'), swapOf('vdb')], ...input }),
    },
    wanted: { guest: { tops: newVolumes }, made: newVolumes },
    // A copy of which nobody heard whether it began, or what a first look cannot tell any more.
    also: [...mayBreakOff.also, 'rolledBack copyLost'],
    ...more,
  });

/** Swaps, in every way in which their steps differ. */
export const swapWays: readonly OneHostScenario[] = [
  swap('swap of two disks', {}),
  swap(
    'swap, undefined meanwhile',
    {},
    { hosts: hosts.map((host) => ({ ...host, libvirtVersion: 3_004_000 })) },
  ),
  swap('swap, shut off', {}, { domain: shutOff }),
  swap(
    'swap, old volumes deleted',
    { oldVolume: 'delete' },
    {
      wanted: {
        guest: { tops: newVolumes },
        made: newVolumes,
        gone: [diskPath, secondPath],
      },
    },
  ),
];
