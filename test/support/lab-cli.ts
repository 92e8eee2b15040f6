import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';

import type { LabHost } from '../../lab/index.ts';

const root = join(import.meta.dirname, '..', '..');
const program = ['--conditions=virtstate-source', join(root, 'src/cli/bin.ts')];
const timeoutMs = 100_000;
/** Gone with the host. One for each process: what they are asked at the same time is about one domain. */
const newStore = () => ['--store', `/run/virtstate/${randomUUID()}.db`];

/** How a process of the command line ended. */
export interface EndedOnHost {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a user of that host runs it: with its network, names, files and keys. */
export async function virtstateOn(host: LabHost, words: readonly string[]): Promise<EndedOnHost> {
  const signal = AbortSignal.timeout(timeoutMs);
  const child = host.spawn(process.execPath, [...program, ...words, ...newStore()], {
    cwd: root,
    signal,
  });
  let [stdout, stderr] = ['', ''];
  child.stdin?.end();
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { status: child.exitCode, stdout, stderr };
}
