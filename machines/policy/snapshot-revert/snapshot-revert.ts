import type { RevertOptions, SnapshotView } from '../../../src/ports/snapshots.ts';
import type {
  AskedDomainSnapshot,
  DomainSnapshotContext,
  DomainSnapshotFacts,
} from '../domain-snapshot/domain-snapshot.ts';
import {
  beforeDomainSnapshot,
  domainSnapshotInput,
  isActive,
} from '../domain-snapshot/domain-snapshot.ts';
import type { OneHostContext, OneHostInput, OneHostResult } from '../one-host/one-host.ts';
import { foundDomain, nothingYet } from '../one-host/one-host.ts';
import type { DomainStatus, DomainView } from '../../../src/ports/domain.ts';

/** What one run of `snapshot-revert` is asked. */
export interface SnapshotRevertInput extends OneHostInput, RevertOptions {
  /** The snapshot. */
  readonly name: string;
  /**
   * The state before is a snapshot of the run's own until the revert has succeeded, and what a failed
   * one goes back to.
   */
  readonly keepBefore: boolean;
  /** How long each call to libvirt may take before its outcome is looked for. */
  readonly timeoutMs: number;
}

export type AskedSnapshotRevert = Pick<SnapshotRevertInput, 'domain' | 'host' | 'name'> &
  Partial<SnapshotRevertInput>;

/** What is asked, with everything that nobody said. */
export function snapshotRevertInput(asked: AskedSnapshotRevert): SnapshotRevertInput {
  return {
    resumeAs: 'asSnapshot',
    force: false,
    resetNvram: false,
    keepBefore: true,
    timeoutMs: 600_000,
    peerWaitMs: 120_000,
    breakClaims: [],
    ...asked,
  };
}

export interface SnapshotRevertFacts extends DomainSnapshotFacts {
  /** Files that the snapshot needs and its host does not have; empty where nobody can say. */
  readonly missingPaths: readonly string[];
}

/** Where a disk's data go, by libvirt's word. */
export interface DiskTop {
  readonly targetDev: string;
  readonly path: string | null;
}

/** How the domain stood just before the revert was asked for. */
export interface StateBefore {
  readonly status: Pick<DomainStatus, 'reason' | 'state'>;
  readonly current: string | null;
  readonly tops: readonly DiskTop[];
  /** Where libvirt puts new overlays: all that was there. */
  readonly files: readonly string[];
}

export interface SnapshotRevertContext
  extends OneHostContext<SnapshotRevertFacts>, SnapshotRevertInput {
  /** The state before is in a snapshot, seen on libvirt's books. */
  readonly kept: boolean;
  readonly before: StateBefore | null;
  /** libvirt answered that it is done: of the revert, then of the way back. */
  readonly confirmed: boolean;
  readonly backConfirmed: boolean;
  /** How often the way back was gone in vain. */
  readonly backTries: number;
  readonly reverted: boolean;
  /** A QEMU of the domain has ended since the revert was asked for. */
  readonly stopSeen: boolean;
  readonly unwatched: boolean;
  readonly pausedSinceEpochMs: number | null;
  readonly outageMs: number;
  /** Why the way back did not work, the last time. */
  readonly backTrouble: string | null;
  readonly notes: readonly string[];
}

export const beforeSnapshotRevert = {
  kept: false,
  before: null,
  confirmed: false,
  backConfirmed: false,
  backTries: 0,
  reverted: false,
  stopSeen: false,
  unwatched: false,
  pausedSinceEpochMs: null,
  outageMs: 0,
  backTrouble: null,
  notes: [],
} as const;

/** One name per snapshot: what an earlier run had to leave is in the way, and never written over. */
export const beforeNameOf = (name: string): string => `before-${name}`;

export type SnapshotKind = 'internal' | 'external' | 'mixed' | 'manual';

export function kindOf({ disks, memory }: Pick<SnapshotView, 'disks' | 'memory'>): SnapshotKind {
  const kinds = new Set(disks.map(({ kind }) => kind));
  if (kinds.has('manual')) return 'manual';
  const isExternal = kinds.has('external') || memory.kind === 'external';
  const isInternal = kinds.has('internal') || memory.kind === 'internal';
  if (isExternal && isInternal) return 'mixed';
  return isExternal ? 'external' : 'internal';
}

export const targetIn = (
  snapshots: readonly SnapshotView[],
  name: string,
): SnapshotView | undefined => snapshots.find((each) => each.name === name);

/** Only states behind the prechecks ask for it. */
export function targetOf({ facts, name }: SnapshotRevertContext): SnapshotView {
  const target = targetIn(facts?.snapshots ?? [], name);
  if (target === undefined)
    throw new Error('the snapshot was not found, and yet the prechecks passed');
  return target;
}

/** What is asked of libvirt to keep the present state, in the kind of the snapshot that is reverted to. */
export function keptAs(
  { domain, host, name }: Pick<SnapshotRevertInput, 'domain' | 'host' | 'name'>,
  snapshots: readonly SnapshotView[],
  view: DomainView,
): AskedDomainSnapshot {
  const target = targetIn(snapshots, name);
  const kind = target !== undefined && kindOf(target) === 'external' ? 'external' : 'internal';
  const before = beforeNameOf(name);
  const path = view.disks.find(({ readOnly, path: each }) => !readOnly && each !== null)?.path;
  const isWithFile = kind === 'external' && isActive(view) && typeof path === 'string';
  const memoryPath = isWithFile ? `${path}.${before}.memory` : null;
  return {
    domain,
    host,
    name: before,
    kind,
    memoryPath,
    description: `The state before the revert to ${name}`,
  };
}

/** The same as a snapshot's own machine would see it. */
export function keepingContext(context: SnapshotRevertContext): DomainSnapshotContext {
  const facts = context.facts;
  const asked = keptAs(context, facts?.snapshots ?? [], foundDomain(context));
  return { ...domainSnapshotInput(asked), ...nothingYet, ...beforeDomainSnapshot, facts };
}

/** How the guest is to stand afterwards. */
export function wantedState(context: SnapshotRevertContext): 'running' | 'paused' | 'shutoff' {
  if (context.resumeAs !== 'asSnapshot') return context.resumeAs;
  const { state } = targetOf(context);
  return state === 'running' || state === 'paused' ? state : 'shutoff';
}

/** libvirt asks for its flag FORCE where it calls the revert risky (error 77). */
export function isRisky(target: SnapshotView, domain: DomainView): boolean {
  return !target.hasDefinition || (domain.managedSave && target.memory.kind === 'none');
}

export interface SnapshotRevertResult extends OneHostResult {
  readonly reverted: boolean;
  /** How the guest stands, where the revert succeeded. */
  readonly state: 'running' | 'paused' | 'shutoff' | null;
  /**
   * How long the vCPUs of a guest that ran stood still; `null`: they still do, or nobody watched all
   * the while.
   */
  readonly outageMs: number | null;
  /** The snapshot that still holds the state before; `null`: there is none (any more). */
  readonly keptAs: string | null;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

export function snapshotRevertResult(context: SnapshotRevertContext): SnapshotRevertResult {
  const { artefacts, failure, kept, notes, outageMs, pausedSinceEpochMs, reverted } = context;
  const isKnown = !context.unwatched && pausedSinceEpochMs === null;
  const isStill = reverted && wantedState(context) !== 'running';
  return {
    failure,
    artefacts,
    reverted,
    state: reverted ? wantedState(context) : null,
    outageMs: isKnown && !isStill ? outageMs : null,
    keptAs: kept ? beforeNameOf(context.name) : null,
    notes,
  };
}
