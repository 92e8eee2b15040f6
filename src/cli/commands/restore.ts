import { z } from 'zod';

import { managedSaveInput } from '../../../machines/index.ts';
import { FailureError } from '../../ports/failure.ts';
import { noLog } from '../../ports/log.ts';
import { compose } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { oneHostOptions, toOneHostInput } from '../options/one-host-options.ts';
import { flag, hostPath } from '../options/option-values.ts';
import { readArgument, readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { judgeManagedSave } from '../workflows/judges.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { readResumeAs } from './save.ts';
import { runWorkflow } from './workflow-command.ts';

const restoreOptions = z.object({
  ...oneHostOptions,
  bypassCache: flag,
  running: flag,
  paused: flag,
  resetNvram: flag,
  force: flag,
});

/** A host that hangs is told of before anything begins. */
const lookTimeoutMs = 30_000;

/**
 * `virtstate restore`: a guest goes on with the memory in a file. The file says which guest.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function restore(
  file: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, async () => {
    const typed = readOptions(restoreOptions, options);
    const path = readArgument('FILE', hostPath, file);
    const resumeAs = readResumeAs(typed);
    const input = managedSaveInput({
      ...toOneHostInput(await domainIn(typed.on, path, surroundings), typed),
      action: 'restore',
      file: path,
      options: { bypassCache: typed.bypassCache, resumeAs, resetNvram: typed.resetNvram },
      force: typed.force,
    });
    return {
      shown: shownOneHost('managedSave', input),
      input,
      judge: (composition, signal) => judgeManagedSave(composition, input, signal),
    };
  });
}

/** Whose memory it is. @throws UsageError where there is none, or its host does not answer */
async function domainIn(
  uri: string,
  path: string,
  { config }: Pick<Surroundings, 'config'>,
): Promise<string> {
  const composition = compose({ config, log: noLog });
  const signal = AbortSignal.timeout(lookTimeoutMs);
  try {
    const host = await composition.hypervisors.open(uri, signal);
    const saved = await host.findSaved({ kind: 'file', path }, signal);
    if (saved === null) throw new UsageError(`FILE ${path} is not there, or holds no saved guest`);
    return saved.domainName;
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    throw new UsageError(`FILE ${path}: ${oneLine(error.message)} (${error.failure.code})`);
  } finally {
    await composition.close();
  }
}
