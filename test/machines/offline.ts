import { offlineMigration } from '../../machines/index.ts';
import type { OfflineInput } from '../../machines/index.ts';
import type { PeersView } from '../../machines/policy/peers.ts';
import { domain } from './hosts.ts';
import { input as live } from './protocol.ts';
import { Walk } from './walk.ts';

const disk = (targetDev: string) => ({
  targetDev,
  from: `/images/${targetDev}.img`,
  to: `/pool/${targetDev}.img`,
});

export const input: OfflineInput = {
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  domain: { uuid: domain.uuid, name: domain.name },
  call: { ...live.call, purpose: 'moveOffline' },
  disks: [disk('vda'), disk('vdb')],
  peerWaitMs: 120_000,
};

const shutOff = { ...domain, state: 'shutoff', reason: 'shutdown' } as const;
const running = { ...domain, state: 'running', reason: 'booted' } as const;
const half = { ...shutOff, persistent: false } as const;
const holding = { off: shutOff, on: running, half, nothing: null } as const;
export type Held = keyof typeof holding | 'silent';

const viewOf = (held: Held): PeersView['source'] =>
  held === 'silent'
    ? { reachable: false, message: 'connection refused' }
    : { reachable: true, domain: holding[held] };

/** One look at both hosts, of which nothing is expected to run. */
export const held = (source: Held, destination: Held): PeersView => ({
  atEpochMs: 1_000,
  source: viewOf(source),
  destination: viewOf(destination),
});

/** Where the move may stand, each with what leads there from the one before. */
const way = [
  ['moving.makingVolume', () => undefined],
  ['moving.copyingDisk', (walk: Walk) => walk.done('makeVolume', { atEpochMs: 1 })],
  [
    'moving.lookingFirst',
    (walk: Walk) =>
      walk
        .done('copyDisk', { atEpochMs: 2, changedAt: '1.1' })
        .done('makeVolume', { atEpochMs: 3 })
        .done('copyDisk', { atEpochMs: 4, changedAt: null }),
  ],
  ['moving.lookingFirst.comparing', (walk: Walk) => walk.done('lookFirst', held('off', 'nothing'))],
  ['transferring.linking', (walk: Walk) => walk.done('compareFirst')],
  ['transferring.begin3', (walk: Walk) => walk.see('link.opened')],
  ['transferring.prepare', (walk: Walk) => walk.done('begin', { atEpochMs: 20 })],
  ['transferring.finish3', (walk: Walk) => walk.done('prepare', { atEpochMs: 30 })],
  ['transferring.confirm3', (walk: Walk) => walk.done('finish', { holds: 'guest', atEpochMs: 40 })],
  ['uncertain.looking', (walk: Walk) => walk.done('confirm', { atEpochMs: 50 })],
  ['uncertain.comparing', (walk: Walk) => walk.done('look', held('off', 'off'))],
] as const;

export type OfflineState = (typeof way)[number][0];
export const offlineStates: readonly OfflineState[] = way.map(([state]) => state);

export const offline = (change: Partial<OfflineInput> = {}): Walk =>
  new Walk(offlineMigration, { ...input, ...change });

/** Everything works up to that state. */
export function offlineTo(state: OfflineState, change: Partial<OfflineInput> = {}): Walk {
  const walk = offline(change);
  for (const [, lead] of way.slice(0, offlineStates.indexOf(state) + 1)) lead(walk);
  return walk;
}
