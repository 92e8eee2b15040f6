import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import { connectionUri, destinationSeenFrom, migrationUri } from './connection-uri.ts';
import { domainName, flag, listOf, oneOf, wholeNumber } from './option-values.ts';
import { UsageError } from './usage-error.ts';

const compressionMethods = ['xbzrle', 'mt', 'zlib', 'zstd'] as const;
/** QEMU compresses so in multifd only. */
const isParallelOnly = (method: string): boolean => method === 'zlib' || method === 'zstd';
const deviceName = /^[A-Za-z0-9_.-]{1,64}$/;

/** The options of `migrate` as commander hands them over: text, or true. */
const migrateOptions = z.object({
  from: connectionUri,
  to: connectionUri,
  protocol: oneOf(['peer2peer']),
  copyStorage: oneOf(['all', 'inc']).optional(),
  copyDisks: listOf((name) => deviceName.test(name), 'disk names such as vda,vdb').optional(),
  bandwidth: wholeNumber(1, 1_000_000, 'MiB/s').optional(),
  maxDowntime: wholeNumber(1, 2_000_000, 'ms').optional(),
  timeout: wholeNumber(1, 604_800, 's').optional(),
  onTimeout: oneOf(['abort', 'force-complete']),
  autoConverge: flag,
  parallel: wholeNumber(1, 255, 'connections').optional(),
  compression: listOf(
    (name) => compressionMethods.some((method) => method === name),
    `methods out of ${compressionMethods.join(', ')}`,
  ).optional(),
  unsafe: flag,
  diskOverCommit: flag,
  transient: flag,
  keepSource: flag,
  dname: domainName.optional(),
  dconnuri: connectionUri.optional(),
  migrateUri: migrationUri.optional(),
  onSplitBrain: oneOf(['suspend-source', 'report']),
  peerWait: wholeNumber(1, 86_400, 's'),
});

const domainArgument = z.string().min(1).max(255);

/**
 * What is asked of the machine, from what was typed.
 *
 * @param destinationXml - text of the file that `--xml` names
 * @throws UsageError in one line, for the first option that is wrong
 */
export function readMigration(
  domain: unknown,
  options: unknown,
  destinationXml: string | null,
): LiveMigrationInput {
  const name = domainArgument.safeParse(domain);
  if (!name.success) throw new UsageError('DOMAIN must be a name or a uuid');
  const parsed = migrateOptions.safeParse(options);
  if (!parsed.success) throw new UsageError(describeIssue(parsed.error));
  const typed = parsed.data;
  if (typed.copyDisks !== undefined && typed.copyStorage === undefined)
    throw new UsageError('--copy-disks needs --copy-storage all or inc');
  if (typed.compression?.some(isParallelOnly) === true && typed.parallel === undefined)
    throw new UsageError(
      '--compression zlib and zstd work on parallel connections only: give --parallel',
    );
  return {
    domain: name.data,
    source: typed.from,
    destination: typed.to,
    options: {
      copyStorage: typed.copyStorage ?? 'none',
      copyDisks: typed.copyDisks ?? [],
      bandwidthMibPerS: typed.bandwidth ?? 0,
      maxDowntimeMs: typed.maxDowntime ?? null,
      autoConverge: typed.autoConverge,
      parallelConnections: typed.parallel ?? 1,
      compression: typed.compression ?? [],
      unsafe: typed.unsafe,
      spaceWanted: typed.diskOverCommit ? 'allocation' : 'virtualSize',
      persistence: typed.transient ? 'transient' : 'asBefore',
      keepSource: typed.keepSource,
      destinationName: typed.dname ?? null,
      destinationXml,
      destinationConnectUri: destinationConnectUri(typed),
      migrationUri: typed.migrateUri ?? null,
    },
    timeoutMs: typed.timeout === undefined ? null : typed.timeout * 1_000,
    onTimeout: typed.onTimeout === 'abort' ? 'abort' : 'forceComplete',
    onSplitBrain: typed.onSplitBrain === 'report' ? 'report' : 'suspendSource',
    peerWaitMs: typed.peerWait * 1_000,
  };
}

function destinationConnectUri(typed: {
  readonly to: string;
  readonly dconnuri?: string | undefined;
}) {
  const uri = typed.dconnuri ?? destinationSeenFrom(typed.to);
  if (uri !== null) return uri;
  throw new UsageError(
    `the source daemon cannot reach the destination by ${typed.to}, which is a socket of this machine: give --dconnuri, as in --dconnuri qemu+tcp://HOST/system`,
  );
}

function describeIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const option = String(issue?.path[0] ?? '').replace(
    /[A-Z]/g,
    (letter) => `-${letter.toLowerCase()}`,
  );
  return `--${option} ${issue?.message ?? 'is wrong'}`;
}
