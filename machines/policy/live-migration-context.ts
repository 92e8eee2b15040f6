import type { DomainView } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { MigrationFacts, MigrationOptions } from '../../src/ports/migration.ts';
import type { CheckVerdict } from './migration-checks.ts';
import { judgeMigration } from './migration-checks.ts';
import type { PhaseRecord } from './migration-phases.ts';
import {
  disksToCopy,
  toMigrateCall,
  wantsDestinationDefinition,
  wantsSourceUndefined,
} from './migration-plan.ts';
import type { MigrationReport, Peer2peerInput } from './peer2peer-context.ts';
import type { PeersView } from './peers.ts';
import { describePeers, isActive } from './peers.ts';

export interface LiveMigrationInput {
  /** Name or uuid of the domain. */
  readonly domain: string;
  /** Connection URIs by which *we* reach the daemons. */
  readonly source: string;
  readonly destination: string;
  /** Who drives: the source daemon, or we, phase by phase. */
  readonly protocol: 'peer2peer' | 'direct';
  /** Moves the definition of a domain that is shut off, with its disks where they are to be copied. */
  readonly offline: boolean;
  readonly options: MigrationOptions;
  readonly convergence: ConvergencePolicy;
  /** How long a broken post-copy is tried again before an operator is called. */
  readonly postcopyWaitMs: number;
  readonly onSplitBrain: 'suspendSource' | 'report';
  readonly peerWaitMs: number;
}

/** Something that the run made or left, by the run's own record. */
export interface Artefact {
  readonly kind: 'volume';
  readonly host: string;
  readonly path: string;
  /**
   * `expected`: libvirt will make it on the way. `made`: in use by the migrated guest. `removed`:
   * taken away by the rollback. `left`: could not be taken away. `kept`: the source's copy.
   */
  readonly status: 'expected' | 'made' | 'removed' | 'left' | 'kept';
}

export interface LiveMigrationContext extends LiveMigrationInput {
  readonly facts: MigrationFacts | null;
  readonly artefacts: readonly Artefact[];
  readonly report: MigrationReport;
  /** The last look at both hosts. */
  readonly peers: PeersView | null;
}

export interface LiveMigrationResult {
  readonly failure: Failure | null;
  readonly phases: readonly PhaseRecord[];
  readonly downtimeMs: number | null;
  readonly artefacts: readonly Artefact[];
}

const nothingYet: MigrationReport = { failure: null, phases: [], downtimeMs: null, peers: null };

export function beforeAnything(input: LiveMigrationInput): LiveMigrationContext {
  return { ...input, facts: null, artefacts: [], report: nothingYet, peers: null };
}

/** What is asked of the run, without what it has found out since. */
export function requestOf(context: LiveMigrationContext): LiveMigrationInput {
  const { domain, source, destination, protocol, offline, options, convergence } = context;
  const { onSplitBrain, peerWaitMs, postcopyWaitMs } = context;
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
  };
}

/** The domain as it was found. Only states behind the prechecks ask for it. */
export function foundDomain(context: LiveMigrationContext): DomainView {
  const domain = context.facts?.domain ?? null;
  if (domain === null) throw new Error('no domain was found, and yet the prechecks passed');
  return domain;
}

export function verdictsOf(context: LiveMigrationContext): readonly CheckVerdict[] {
  return context.facts === null ? [] : judgeMigration(context.facts, context);
}

/** All objections at once: whoever mends one should know the next. */
export function refusal(context: LiveMigrationContext): Failure {
  const objections = verdictsOf(context).filter((verdict) => verdict.objection !== null);
  return {
    code: objections[0]?.check ?? 'refused',
    message: objections.map((verdict) => verdict.objection).join('; '),
    effect: 'none',
  };
}

/**
 * The disks that libvirt will create on the destination because nothing stands at their path. Noted
 * before the migration starts: what is not in this record is never removed.
 */
export function expectedVolumes(context: LiveMigrationContext): Artefact[] {
  const missing = context.facts?.incoming?.disks.filter((disk) => disk.existing === null) ?? [];
  return missing.map(({ path }) => ({
    kind: 'volume',
    host: context.destination,
    path,
    status: 'expected',
  }));
}

/** Has the destination begun to prepare, so that something of this run may be left there? */
export function hasPrepared(context: LiveMigrationContext): boolean {
  return (
    context.artefacts.length > 0 || context.report.phases.some(({ phase }) => phase !== 'BEGIN3')
  );
}

export function withStatus(
  artefacts: readonly Artefact[],
  status: Artefact['status'],
): readonly Artefact[] {
  return artefacts.map((artefact) => ({ ...artefact, status }));
}

/** Of the disks that were expected, those that had really been made; the others never were. */
export function removedArtefacts(
  artefacts: readonly Artefact[],
  removed: readonly string[],
): readonly Artefact[] {
  return withStatus(
    artefacts.filter(({ path }) => removed.includes(path)),
    'removed',
  );
}

/** After success: the new disks are in use, the source's copies stay where they were. */
export function artefactsOfSuccess(context: LiveMigrationContext): Artefact[] {
  const domain = foundDomain(context);
  const copied = disksToCopy(domain, context.options);
  const kept = domain.disks.filter((disk) => copied.includes(disk.targetDev));
  return [
    ...withStatus(context.artefacts, 'made'),
    ...kept.flatMap(({ path }) =>
      path === null
        ? []
        : [{ kind: 'volume', host: context.source, path, status: 'kept' } as const],
    ),
  ];
}

export function toPeer2peerInput(context: LiveMigrationContext): Peer2peerInput {
  const domain = foundDomain(context);
  const { uuid, name, state, reason, persistent, job } = domain;
  return {
    source: context.source,
    destination: context.destination,
    domain: { uuid, name, state, reason, persistent, job },
    call: toMigrateCall(domain, context.options),
    finishLeavesDefinition:
      wantsDestinationDefinition(domain, context.options) &&
      context.facts?.incoming?.definedThere === false,
    timeoutMs: context.timeoutMs,
    onTimeout: context.onTimeout,
    onSplitBrain: context.onSplitBrain,
    peerWaitMs: context.peerWaitMs,
  };
}

/** What still differs from the wanted end, by the last look at both hosts. */
export type Remainder = 'nothing' | 'destinationDefinition' | 'sourceDefinition' | 'unknown';

export function remainderOf(context: LiveMigrationContext): Remainder {
  const { peers, options } = context;
  if (peers === null || !peers.source.reachable || !peers.destination.reachable) return 'unknown';
  const domain = foundDomain(context);
  const there = peers.destination.domain;
  const here = peers.source.domain;
  if (isActive(here) || !isActive(there)) return 'unknown';
  if (wantsDestinationDefinition(domain, options) && there?.persistent !== true)
    return 'destinationDefinition';
  // Only now: a definition is taken away here when the other one stands, or none was wanted there.
  if (wantsSourceUndefined(domain, options) && here !== null) return 'sourceDefinition';
  return 'nothing';
}

export function resultOf(context: LiveMigrationContext): LiveMigrationResult {
  const { failure, phases, downtimeMs } = context.report;
  return { failure, phases, downtimeMs, artefacts: context.artefacts };
}

/** The guest has moved, but its definitions could not be settled. */
export function unsettledFailure(context: LiveMigrationContext): Failure {
  const held = context.peers === null ? 'neither host has answered' : describePeers(context.peers);
  const { name } = foundDomain(context);
  return {
    code: 'definitionsUnsettled',
    message: `${name} has moved to the destination, but what is left to do could not be done (${held}): see that it is defined on the destination, then undefine it on the source`,
    effect: 'unknown',
  };
}

/** The guest is on the source again, and yet the destination holds a copy that is no mere remainder. */
export function copyLeftFailure(context: LiveMigrationContext): Failure {
  const held = context.peers === null ? '' : ` (${describePeers(context.peers)})`;
  const { name } = foundDomain(context);
  const cause = context.report.failure?.message ?? 'unknown';
  return {
    code: 'splitBrain',
    message: `${name} was rolled back, but the destination holds a copy of it, too${held}: let one of them run, and destroy the other. Cause: ${cause}`,
    effect: 'unknown',
  };
}
