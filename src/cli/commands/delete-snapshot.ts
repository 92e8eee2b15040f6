import { z } from 'zod';

import type { SnapshotDeleteInput } from '../../../machines/index.ts';
import { snapshotDeleteInput } from '../../../machines/index.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneHostOptions, toOneHostInput } from '../options/one-host-options.ts';
import {
  diskName,
  flag,
  hostPath,
  oneOf,
  snapshotName,
  wholeNumber,
} from '../options/option-values.ts';
import { readArgument, readDomain, readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { judgeSnapshotDelete } from '../workflows/judge-snapshot-delete.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { runWorkflow } from './workflow-command.ts';

const bandwidth = wholeNumber(1, 1_000_000, 'MiB/s').optional();
const deleteOptions = z.object({
  ...oneHostOptions,
  children: flag,
  childrenOnly: flag,
  metadataOnly: flag,
  by: oneOf(['auto', 'libvirt', 'manual']),
  bandwidth,
});
const mergeOptions = z.object({
  ...oneHostOptions,
  base: hostPath.optional(),
  top: hostPath.optional(),
  pull: flag,
  bandwidth,
});

/**
 * `virtstate delete-snapshot`.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function deleteSnapshot(
  domain: string,
  snapshot: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, () => {
    const typed = readOptions(deleteOptions, options);
    const { by, children, childrenOnly, metadataOnly } = typed;
    if (children && childrenOnly)
      throw new UsageError('--children and --children-only exclude each other: give one of them');
    return asked(readDomain(domain), typed, {
      kind: 'snapshot',
      name: readArgument('SNAPSHOT', snapshotName, snapshot),
      children: children ? 'withIt' : childrenOnly ? 'only' : 'keep',
      metadataOnly,
      by,
    });
  });
}

/**
 * `virtstate merge`: layers of one disk become one.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function merge(
  domain: string,
  disk: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, () => {
    const typed = readOptions(mergeOptions, options);
    const { base = null, pull, top = null } = typed;
    return asked(readDomain(domain), typed, {
      kind: 'merge',
      targetDev: readArgument('DISK', diskName, disk),
      base,
      top,
      how: pull ? 'pull' : 'commit',
    });
  });
}

type Typed = Parameters<typeof toOneHostInput>[1] & { readonly bandwidth?: number | undefined };

function asked(domain: string, typed: Typed, what: SnapshotDeleteInput['what']) {
  const input = snapshotDeleteInput({
    ...toOneHostInput(domain, typed),
    what,
    bandwidthMibPerS: typed.bandwidth ?? 0,
  });
  return {
    shown: shownOneHost('snapshotDelete', input),
    input,
    judge: (composition: Parameters<typeof judgeSnapshotDelete>[0], signal: AbortSignal) =>
      judgeSnapshotDelete(composition, input, signal),
  };
}
