import type { Claim } from '../../../src/ports/claim.ts';
import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type {
  MigrateCall,
  MigrationFacts,
  MigrationPurpose,
} from '../../../src/ports/migration.ts';
import type { Artefact } from '../artefact.ts';
import { dataGib, planConvergence } from './convergence.ts';
import type { CheckVerdict, MigrationCheckName } from './checks.ts';
import { judgeMigration, objectionOf } from './checks.ts';
import type { PhaseRecord } from './phases.ts';
import {
  disksToCopy,
  toMigrateCall,
  wantsDestinationDefinition,
  wantsSourceUndefined,
} from './plan.ts';
import type { OfflineInput } from './offline-context.ts';
import { toDiskCopies } from './offline-context.ts';
import type { LiveMigrationInput } from './request.ts';
import type { ProtocolInput } from './protocol-context.ts';
import type { MigrationReport } from './protocol-report.ts';
import type { PeersView } from '../peers.ts';
import { isActive } from '../peers.ts';

export interface LiveMigrationContext extends LiveMigrationInput {
  readonly facts: MigrationFacts | null;
  readonly artefacts: readonly Artefact[];
  readonly report: MigrationReport;
  /** The last look at both hosts. */
  readonly peers: PeersView | null;
  /** That look for which the copied disks were last found unchanged on the source. */
  readonly comparedAtEpochMs: number | null;
  /** Ours, once the domain has been claimed. */
  readonly claim: Claim | null;
  /** The claim was alone: the domain is ours until it is released. */
  readonly held: boolean;
  /** How the run ends when its claim is gone. */
  readonly ending: 'completed' | 'refused' | 'rolledBack' | null;
}

export interface LiveMigrationResult {
  readonly failure: Failure | null;
  readonly phases: readonly PhaseRecord[];
  readonly downtimeMs: number | null;
  readonly artefacts: readonly Artefact[];
}

const nothingYet: MigrationReport = {
  failure: null,
  phases: [],
  downtimeMs: null,
  peers: null,
  volumesMade: null,
  copies: [],
};

export function beforeAnything(input: LiveMigrationInput): LiveMigrationContext {
  return {
    ...input,
    facts: null,
    artefacts: [],
    report: nothingYet,
    peers: null,
    comparedAtEpochMs: null,
    claim: null,
    held: false,
    ending: null,
  };
}

/** What is asked of the run, without what it has found out since. */
export function requestOf(context: LiveMigrationContext): LiveMigrationInput {
  const { domain, source, destination, protocol, offline, options, convergence } = context;
  const { breakClaims, onSplitBrain, peerWaitMs, postcopyWaitMs } = context;
  return {
    domain,
    source,
    destination,
    protocol,
    offline,
    options,
    convergence,
    onSplitBrain,
    peerWaitMs,
    postcopyWaitMs,
    breakClaims,
  };
}

/** Which child moves the domain. */
export function protocolOf({ offline, protocol }: LiveMigrationContext) {
  return offline ? 'offline' : protocol;
}

/** The domain as it was found. Only states behind the prechecks ask for it. */
export function foundDomain(context: LiveMigrationContext): DomainView {
  const domain = context.facts?.domain ?? null;
  if (domain === null) throw new Error('no domain was found, and yet the prechecks passed');
  return domain;
}

/** Does that check object? Asked for each of them in turn. */
export function hasObjection(context: LiveMigrationContext, check: MigrationCheckName): boolean {
  return context.facts !== null && objectionOf(check, context.facts, context) !== null;
}

export function verdictsOf(context: LiveMigrationContext): readonly CheckVerdict[] {
  return context.facts === null ? [] : judgeMigration(context.facts, context);
}

/**
 * The disks that libvirt will create on the destination because nothing stands at their path. Noted
 * before the migration starts: what is not in this record is never removed.
 */
export function expectedVolumes(context: LiveMigrationContext): Artefact[] {
  const missing = context.facts?.incoming?.disks.filter((disk) => disk.existing === null) ?? [];
  const { destination: host } = context;
  return missing.map(({ path }) => ({ kind: 'volume', host, path, status: 'expected' }));
}

const isVolume = ({ kind }: Artefact): boolean => kind === 'volume';

export function volumesOf({ artefacts }: LiveMigrationContext): Artefact[] {
  return artefacts.filter(isVolume);
}

/** Has the destination begun to prepare, so that something of this run may be left there? */
export function hasPrepared(context: LiveMigrationContext): boolean {
  return (
    volumesOf(context).length > 0 || context.report.phases.some(({ phase }) => phase !== 'BEGIN3')
  );
}

/** What the protocol says of itself; a volume that it never came to make leaves the record. */
export function afterReport({ artefacts }: LiveMigrationContext, report: MigrationReport) {
  const { volumesMade } = report;
  return {
    report,
    artefacts: artefacts.filter(
      (each) => !isVolume(each) || (volumesMade?.includes(each.path) ?? true),
    ),
  };
}

export function withVolumes(
  artefacts: readonly Artefact[],
  status: Artefact['status'],
): readonly Artefact[] {
  return artefacts.map((each) => (isVolume(each) ? { ...each, status } : each));
}

/** Of the disks that were expected, those that had really been made; the others never were. */
export function removedArtefacts(
  artefacts: readonly Artefact[],
  removed: readonly string[],
): readonly Artefact[] {
  return withVolumes(
    artefacts.filter((each) => !isVolume(each) || removed.includes(each.path)),
    'removed',
  );
}

/** After success: the new disks are in use, the source's copies stay unless they are unwanted. */
export function artefactsOfSuccess(context: LiveMigrationContext): Artefact[] {
  const domain = foundDomain(context);
  const copied = disksToCopy(domain, context.options);
  const kept = domain.disks.filter((disk) => copied.includes(disk.targetDev));
  const status = context.options.sourceDisk === 'delete' ? 'unwanted' : 'kept';
  return [
    ...withVolumes(context.artefacts, 'made'),
    ...kept.flatMap(({ path }) =>
      path === null ? [] : [{ kind: 'volume', host: context.source, path, status } as const],
    ),
  ];
}

export function unwantedDisks({ artefacts }: LiveMigrationContext): Artefact[] {
  return artefacts.filter(({ status }) => status === 'unwanted');
}

/** The guest is safe elsewhere: what of the source's disks went, and what could not be taken away. */
export function afterSourceDisks(
  artefacts: readonly Artefact[],
  removed: readonly string[],
): readonly Artefact[] {
  return artefacts.map((artefact) =>
    artefact.status === 'unwanted'
      ? { ...artefact, status: removed.includes(artefact.path) ? 'removed' : 'left' }
      : artefact,
  );
}

/** A definition that is given for the destination has to carry the claim. */
function callOf(context: LiveMigrationContext, purpose?: MigrationPurpose): MigrateCall {
  const call = toMigrateCall(foundDomain(context), context.options, purpose);
  return context.claim === null ? call : { ...call, claim: context.claim };
}

export function toProtocolInput(context: LiveMigrationContext): ProtocolInput {
  const domain = foundDomain(context);
  const { uuid, name, state, reason, persistent, job } = domain;
  const call = callOf(context);
  const copied = domain.disks.filter((disk) => call.copyDisks.includes(disk.targetDev));
  const sizeGib = dataGib(
    domain.memoryBytes,
    copied.map((disk) => disk.allocationBytes),
  );
  return {
    source: context.source,
    destination: context.destination,
    domain: { uuid, name, state, reason, persistent, job },
    call,
    finishLeavesDefinition:
      wantsDestinationDefinition(domain, context.options) &&
      context.facts?.incoming?.definedThere === false,
    convergence: planConvergence(context.convergence, sizeGib),
    postcopyWaitMs: context.postcopyWaitMs,
    onSplitBrain: context.onSplitBrain,
    peerWaitMs: context.peerWaitMs,
  };
}

export function toOfflineInput(context: LiveMigrationContext): OfflineInput {
  const domain = foundDomain(context);
  const incoming = context.facts?.incoming ?? null;
  const call = callOf(context, 'moveOffline');
  return {
    source: context.source,
    destination: context.destination,
    domain: { uuid: domain.uuid, name: domain.name },
    call,
    disks: incoming === null ? [] : toDiskCopies(domain, incoming),
    peerWaitMs: context.peerWaitMs,
  };
}

/** What still differs from the wanted end, by the last look at both hosts. */
export type Remainder =
  'nothing' | 'destinationDefinition' | 'sourceDefinition' | 'sourceDisks' | 'unknown';

export function remainderOf(context: LiveMigrationContext): Remainder {
  const { peers, options } = context;
  if (peers === null || !peers.source.reachable || !peers.destination.reachable) return 'unknown';
  const domain = foundDomain(context);
  const there = peers.destination.domain;
  const here = peers.source.domain;
  // A domain that is moved shut off runs nowhere; what is started there later is its owner's affair.
  if (isActive(here) || !(isActive(there) || (context.offline && there !== null))) return 'unknown';
  if (wantsDestinationDefinition(domain, options) && there?.persistent !== true)
    return 'destinationDefinition';
  // Only now: a definition is taken away here when the other one stands, or none was wanted there.
  if (wantsSourceUndefined(domain, options) && here !== null) return 'sourceDefinition';
  return unwantedDisks(context).length > 0 ? 'sourceDisks' : 'nothing';
}

/** Something of the source is about to go, and its disks may have changed since they were copied. */
export function mustCompare(context: LiveMigrationContext): boolean {
  const { comparedAtEpochMs, peers, report } = context;
  const goes = ['sourceDefinition', 'sourceDisks'].includes(remainderOf(context));
  return goes && report.copies.length > 0 && comparedAtEpochMs !== peers?.atEpochMs;
}

export function resultOf(context: LiveMigrationContext): LiveMigrationResult {
  const { failure, phases, downtimeMs } = context.report;
  return { failure, phases, downtimeMs, artefacts: context.artefacts };
}
