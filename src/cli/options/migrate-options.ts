import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { ConvergencePreset } from '../../../machines/policy/migration/convergence-presets.ts';
import { conflictOf } from '../../../machines/policy/migration/option-conflicts.ts';
import { bandwidthMibPerSMax, compressionMethods } from '../../requests/bounds.ts';
import {
  connectionUri,
  destinationSeenFrom,
  disksUri,
  migrationUri,
  relayUri,
} from '../../requests/connection-uri.ts';
import { convergenceOptions, readConvergence } from './convergence-options.ts';
import { withFlags } from './flag-names.ts';
import {
  diskNames,
  domainName,
  flag,
  hostAddress,
  listOf,
  oneOf,
  runNames,
  wholeNumber,
} from './option-values.ts';
import { readDomain, readOptions } from './read-options.ts';
import { UsageError } from './usage-error.ts';

/** The options of `migrate` as commander hands them over: text, or true. */
const migrateOptions = z.object({
  from: connectionUri,
  to: connectionUri,
  protocol: oneOf(['peer2peer', 'direct', 'tunnelled', 'direct-tunnelled']),
  offline: flag,
  relayUri: relayUri.optional(),
  copyStorage: oneOf(['all', 'inc']).optional(),
  copyDisks: diskNames.optional(),
  bandwidth: wholeNumber(1, bandwidthMibPerSMax, 'MiB/s').optional(),
  ...convergenceOptions,
  postcopyBandwidth: wholeNumber(1, bandwidthMibPerSMax, 'MiB/s').optional(),
  postcopyWait: wholeNumber(0, 86_400, 's'),
  autoConverge: flag,
  autoConvergeInitial: wholeNumber(1, 99, 'percent').optional(),
  autoConvergeIncrement: wholeNumber(1, 99, 'percent').optional(),
  parallel: wholeNumber(1, 255, 'connections').optional(),
  zerocopy: flag,
  tls: flag,
  tlsDestination: hostAddress.optional(),
  compression: listOf(
    (name) => compressionMethods.some((method) => method === name),
    `methods out of ${compressionMethods.join(', ')}`,
  ).optional(),
  unsafe: flag,
  diskOverCommit: flag,
  transient: flag,
  keepSource: flag,
  sourceDisk: oneOf(['keep', 'delete']),
  dname: domainName.optional(),
  dconnuri: connectionUri.optional(),
  /** Of a destination that the configuration names. */
  peerUri: connectionUri.nullable().default(null),
  migrateUri: migrationUri.optional(),
  listenAddress: hostAddress.optional(),
  disksUri: disksUri.optional(),
  disksPort: wholeNumber(1, 65_535, 'port').optional(),
  onSplitBrain: oneOf(['suspend-source', 'report']),
  peerWait: wholeNumber(1, 86_400, 's'),
  breakClaim: runNames.optional(),
});

type Typed = z.infer<typeof migrateOptions>;

/** What `--xml` and `--policy` name, read already; `null` where they are not given. */
export interface NamedFiles {
  readonly destinationXml: string | null;
  readonly policy: ConvergencePreset | null;
}

/**
 * What is asked of the machine, from what was typed.
 *
 * @throws UsageError in one line, for the first option that is wrong or does not go with the others
 */
export function readMigration(
  domain: unknown,
  options: unknown,
  { destinationXml, policy }: NamedFiles,
): LiveMigrationInput {
  const name = readDomain(domain);
  const typed = readOptions(migrateOptions, options);
  const input: LiveMigrationInput = {
    domain: name,
    source: typed.from,
    destination: typed.to,
    protocol: isDirect(typed) ? 'direct' : 'peer2peer',
    offline: typed.offline,
    options: {
      ...streamOptions(typed),
      ...diskOptions(typed),
      autoConverge: typed.autoConverge || (policy?.autoConverge ?? false),
      autoConvergeInitial: typed.autoConvergeInitial ?? null,
      autoConvergeIncrement: typed.autoConvergeIncrement ?? null,
      postcopy: typed.postcopy,
      postcopyBandwidthMibPerS: typed.postcopyBandwidth ?? 0,
      persistence: typed.transient ? 'transient' : 'asBefore',
      keepSource: typed.keepSource,
      destinationName: typed.dname ?? null,
      destinationXml,
      destinationConnectUri: destinationConnectUri(typed),
    },
    convergence: readConvergence(typed, policy),
    postcopyWaitMs: typed.postcopyWait * 1_000,
    onSplitBrain: typed.onSplitBrain === 'report' ? 'report' : 'suspendSource',
    peerWaitMs: typed.peerWait * 1_000,
    breakClaims: typed.breakClaim ?? [],
  };
  const conflict = conflictOf(input);
  if (conflict !== null) throw new UsageError(withFlags(conflict));
  return input;
}

function isDirect({ protocol }: Typed): boolean {
  return protocol === 'direct' || protocol === 'direct-tunnelled';
}

function streamOptions(typed: Typed) {
  return {
    tunnelled: typed.protocol === 'tunnelled' || typed.protocol === 'direct-tunnelled',
    relayUri: typed.relayUri ?? null,
    bandwidthMibPerS: typed.bandwidth ?? 0,
    parallelConnections: typed.parallel ?? 1,
    zerocopy: typed.zerocopy,
    tls: typed.tls,
    tlsDestination: typed.tlsDestination ?? null,
    compression: typed.compression ?? [],
    migrationUri: typed.migrateUri ?? null,
    listenAddress: typed.listenAddress ?? null,
  };
}

function diskOptions(typed: Typed) {
  return {
    copyStorage: typed.copyStorage ?? ('none' as const),
    copyDisks: typed.copyDisks ?? [],
    spaceWanted: typed.diskOverCommit ? ('allocation' as const) : ('virtualSize' as const),
    unsafe: typed.unsafe,
    sourceDisk: typed.sourceDisk,
    disksUri: typed.disksUri ?? null,
    disksPort: typed.disksPort ?? null,
  };
}

/** Only a source daemon that drives has to reach the destination's. */
function destinationConnectUri(typed: Typed): string | null {
  const { dconnuri, offline, peerUri, protocol, to } = typed;
  if (isDirect(typed) || offline) {
    if (dconnuri === undefined) return null;
    const kind = offline ? '--offline' : `--protocol ${protocol}`;
    throw new UsageError(
      `with ${kind} this process reaches both hosts itself, by --from and --to: leave --dconnuri out`,
    );
  }
  const uri = dconnuri ?? destinationSeenFrom({ uri: to, peerUri });
  if (uri !== null) return uri;
  const why = to.includes('?') ? 'has parameters for' : 'is a socket of';
  throw new UsageError(
    `the source daemon cannot reach the destination by ${to}, which ${why} this machine: give --dconnuri, as in --dconnuri qemu+tls://HOST/system, or use --protocol direct`,
  );
}
