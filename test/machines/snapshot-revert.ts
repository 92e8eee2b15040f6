import type {
  SnapshotRevertFacts,
  SnapshotRevertInput,
} from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type { RevertLook } from '../../machines/policy/snapshot-revert/look.ts';
import { snapshotRevert } from '../../machines/snapshot-revert.machine.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';
import { guestView, hostView } from './facts.ts';
import { domain as status } from './hosts.ts';
import { Walk } from './walk.ts';

export const host = 'simulated:///hostA';
const path = '/images/guest.qcow2';
export const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
export const claimed = { claim, others: [] };
export const released = { released: [host] };
export const lost: Failure = { code: 'connectionLost', message: 'gone', effect: 'unknown' };
export const failed: Failure = {
  code: 'libvirtError',
  message: 'QEMU ended',
  effect: 'none',
  libvirt: { code: 1, domain: 10 },
};

/** Taken of a guest that ran, inside its disk. */
export const internal: SnapshotView = {
  name: 'then',
  parent: null,
  children: [],
  current: true,
  description: null,
  createdAtEpochMs: 1,
  state: 'running',
  memory: { kind: 'internal' },
  disks: [{ targetDev: 'vda', kind: 'internal', overlayPath: null, format: null }],
  frozenPaths: [{ targetDev: 'vda', path }],
  hasDefinition: true,
  unfinishedDeletion: [],
};

/** What the guest goes on with since is the overlay. */
export const external: SnapshotView = {
  ...internal,
  memory: { kind: 'external', path: '/images/then.memory' },
  disks: [
    { targetDev: 'vda', kind: 'external', overlayPath: '/images/guest.then', format: 'qcow2' },
  ],
  frozenPaths: [{ targetDev: 'vda', path: '/images/base.qcow2' }],
};

export const factsOf = (facts: Partial<SnapshotRevertFacts> = {}): SnapshotRevertFacts => ({
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
  snapshots: [internal],
  chains: [],
  agent: 'none',
  targets: [],
  filesVisible: true,
  missingPaths: [],
  ...facts,
});

export const newerHost = { ...hostView('hostA'), libvirtVersion: 11_003_000 };
export const ofExternal = { host: newerHost, snapshots: [external] } as const;

export function begun(asked: Partial<SnapshotRevertInput> = {}): Walk {
  const input = snapshotRevertInput({ domain: 'guest', host, name: 'then', ...asked });
  return new Walk(snapshotRevert, input);
}

/** Up to the claim, which nobody else has. */
export const working = (
  asked: Partial<SnapshotRevertInput> = {},
  facts: Partial<SnapshotRevertFacts> = {},
): Walk => begun(asked).done('gather', factsOf(facts)).done('claim', claimed);

/** What a look shows: without a word, a guest whose state is kept, as it runs before the revert. */
export function look(
  seen: {
    readonly domain?: Partial<DomainStatus> | null;
    readonly current?: string | null;
    readonly kept?: boolean;
    readonly top?: string;
    readonly files?: readonly string[];
  } = {},
): RevertLook {
  const { current = 'before-then', domain, files = [], kept = true, top = path } = seen;
  return {
    atEpochMs: 100,
    reachable: true,
    domain: domain === null ? null : { ...status, reason: 'unpaused', ...domain },
    current,
    kept,
    tops: [{ targetDev: 'vda', path: top }],
    files,
  };
}

export const asThen = { current: 'then', domain: { reason: 'fromSnapshot' } } as const;
export const down = { domain: { state: 'shutoff', reason: 'failed' } } as const;
export const silent: RevertLook = { atEpochMs: 100, reachable: false, message: 'no route' };

/** Up to the revert, with the state before kept. */
export const keptIn = (walk: Walk, seen: RevertLook = look()): Walk =>
  walk.done('keep').done('lookAtKept', seen);
