import { join, resolve } from 'node:path';
import { z } from 'zod';

import { UsageError } from './usage-error.ts';

const storeOption = z.object({ store: z.string().min(1, 'must be the path of a file').optional() });

/** Where a user's programs keep what must outlive them (XDG base directories), and root's do. */
const rootsDirectory = '/var/lib/virtstate';
const fileName = 'runs.db';

export interface Whereabouts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly isRoot: boolean;
}

/**
 * The file with all runs: `--store`, else VIRTSTATE_STORE, else one in the user's state directory.
 * Root's is the machine's: services and `sudo` see the same runs.
 *
 * @throws UsageError
 */
export function readStorePlace(options: Record<string, unknown>, where: Whereabouts): string {
  const parsed = storeOption.safeParse(options);
  if (!parsed.success) throw new UsageError('--store must be the path of a file');
  const { environment, homeDirectory, isRoot } = where;
  const named = parsed.data.store ?? nonEmpty(environment['VIRTSTATE_STORE']);
  if (named !== undefined) return resolve(named);
  const stateHome = nonEmpty(environment['XDG_STATE_HOME']);
  // The specification: a relative path is no path there.
  if (stateHome?.startsWith('/') === true) return join(stateHome, 'virtstate', fileName);
  if (isRoot) return join(rootsDirectory, fileName);
  return join(homeDirectory, '.local', 'state', 'virtstate', fileName);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
