import { z } from 'zod';

import { snapshotRevertInput } from '../../../machines/index.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneHostOptions, toOneHostInput } from '../options/one-host-options.ts';
import { flag, snapshotName } from '../options/option-values.ts';
import { readArgument, readDomain, readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { judgeSnapshotRevert } from '../workflows/judges.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { runWorkflow } from './workflow-command.ts';

const revertOptions = z.object({
  ...oneHostOptions,
  running: flag,
  paused: flag,
  force: flag,
  resetNvram: flag,
  keepBefore: z.boolean(),
});

/**
 * `virtstate revert`: a domain becomes what it was at a snapshot of libvirt's.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function revert(
  domain: string,
  snapshot: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, () => {
    const name = readDomain(domain);
    const typed = readOptions(revertOptions, options);
    const { force, keepBefore, paused, resetNvram, running } = typed;
    if (paused && running)
      throw new UsageError('--running and --paused exclude each other: give one of them');
    const input = snapshotRevertInput({
      ...toOneHostInput(name, typed),
      name: readArgument('SNAPSHOT', snapshotName, snapshot),
      resumeAs: paused ? 'paused' : running ? 'running' : 'asSnapshot',
      force,
      resetNvram,
      keepBefore,
    });
    return {
      shown: shownOneHost('snapshotRevert', input),
      input,
      judge: (composition, signal) => judgeSnapshotRevert(composition, input, signal),
    };
  });
}
