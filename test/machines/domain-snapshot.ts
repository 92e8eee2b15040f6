import { domainSnapshot, domainSnapshotInput } from '../../machines/index.ts';
import type { DomainSnapshotInput } from '../../machines/index.ts';
import type { DomainSnapshotFacts } from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type { SnapshotLook } from '../../machines/policy/domain-snapshot/look.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { guestView, hostView } from './facts.ts';
import { domain as status } from './hosts.ts';
import { Walk } from './walk.ts';

export const host = 'simulated:///hostA';
export const overlayPath = '/images/guest.before';
export const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
export const lost: Failure = { code: 'connectionLost', message: 'gone', effect: 'unknown' };
export const unanswered: Failure = {
  code: 'agentTimeout',
  message: 'no answer',
  effect: 'unknown',
};

export const inputOf = (asked: Partial<DomainSnapshotInput> = {}): DomainSnapshotInput =>
  domainSnapshotInput({ domain: 'guest', host, name: 'before', ...asked });

export const factsOf = (facts: Partial<DomainSnapshotFacts> = {}): DomainSnapshotFacts => ({
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
  snapshots: [],
  chains: [],
  agent: 'connected',
  targets: [
    {
      path: overlayPath,
      standing: null,
      image: null,
      availableBytes: 2 ** 34,
      users: [],
      neighbours: [],
    },
  ],
  filesVisible: true,
  ...facts,
});

/** Up to the claim, which nobody else has. */
export function working(
  asked: Partial<DomainSnapshotInput> = {},
  facts: Partial<DomainSnapshotFacts> = {},
): Walk {
  return new Walk(domainSnapshot, inputOf(asked))
    .done('gather', factsOf(facts))
    .done('claim', { claim, others: [] });
}

type Seen = Extract<SnapshotLook, { readonly reachable: true }>;

/** What a look shows: without a word, a guest that runs on its overlay, and libvirt has the snapshot. */
export function look(
  seen: Partial<Omit<Seen, 'domain'>> & {
    readonly top?: string;
    readonly configured?: string | null;
    readonly domain?: Partial<DomainStatus> | null;
  } = {},
): SnapshotLook {
  const { configured, domain, top = overlayPath, ...rest } = seen;
  return {
    atEpochMs: 100,
    reachable: true,
    domain: domain === null ? null : { ...status, ...domain },
    recorded: true,
    disks: [{ targetDev: 'vda', topPath: top, configuredPath: configured ?? top }],
    hiddenPaths: [],
    openFiles: [],
    ...rest,
  };
}

export const onBase = { top: '/images/guest.qcow2', recorded: false } as const;
export const silent: SnapshotLook = { atEpochMs: 100, reachable: false, message: 'no route' };
export const released = { released: [host] };
