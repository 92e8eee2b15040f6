import { z } from 'zod';

import { managedSaveInput } from '../../../machines/index.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneHostOptions, toOneHostInput } from '../options/one-host-options.ts';
import { flag, hostPath } from '../options/option-values.ts';
import { readArgument, readDomain, readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { judgeManagedSave } from '../workflows/judges.ts';
import { shownOneHost } from '../workflows/one-host.ts';
import { runWorkflow } from './workflow-command.ts';

const saveOptions = z.object({
  ...oneHostOptions,
  managed: flag,
  bypassCache: flag,
  running: flag,
  paused: flag,
  force: flag,
});

/**
 * `virtstate save`: the memory of a guest into a file, or into libvirt's own.
 *
 * @returns the exit status
 * @throws UsageError, StoreError
 */
export function save(
  domain: string,
  file: string | undefined,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  return runWorkflow(options, surroundings, () => {
    const name = readDomain(domain);
    const typed = readOptions(saveOptions, options);
    if ((file === undefined) !== typed.managed)
      throw new UsageError('give the file for the memory, or --managed for the one of libvirt');
    const input = managedSaveInput({
      ...toOneHostInput(name, typed),
      action: typed.managed ? 'save' : 'saveTo',
      file: file === undefined ? null : readArgument('FILE', hostPath, file),
      options: { bypassCache: typed.bypassCache, resumeAs: readResumeAs(typed) },
      force: typed.force,
    });
    return {
      shown: shownOneHost('managedSave', input),
      input,
      judge: (composition, signal) => judgeManagedSave(composition, input, signal),
    };
  });
}

/** @throws UsageError: they exclude each other */
export function readResumeAs({
  paused,
  running,
}: {
  readonly paused: boolean;
  readonly running: boolean;
}) {
  if (paused && running)
    throw new UsageError('--running and --paused exclude each other: give one of them');
  return paused ? 'paused' : running ? 'running' : 'asBefore';
}
