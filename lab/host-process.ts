import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { plainEnvironment } from './command.ts';
import { onHost } from './host-namespace.ts';
import { readJson } from './lab-state.ts';
import type { HostPaths } from './paths.ts';
import { identifyProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const identitySchema = z.object({ pid: z.int().positive(), startTicks: z.int().nonnegative() });

/** A process that the lab has recorded in a file, dead or alive; null when there never was one. */
export function recordedProcess(file: string): Promise<ProcessIdentity | null> {
  return readJson(file, identitySchema);
}

/**
 * Starts a server on the host that outlives this process; what it prints is appended to a file.
 * Null when it has ended at once.
 */
export async function startServer(
  host: HostPaths,
  words: readonly string[],
  outputFile: string,
): Promise<ProcessIdentity | null> {
  const output = await open(outputFile, 'a');
  // nsenter and chroot replace themselves (exec), so the child's number is the server's.
  const child = spawn('nsenter', [...onHost(host), ...words], {
    cwd: '/',
    detached: true,
    env: plainEnvironment,
    stdio: ['ignore', output.fd, output.fd],
  });
  await once(child, 'spawn');
  await output.close();
  child.unref();
  return child.pid === undefined ? null : identifyProcess(child.pid);
}

/** How a program is run on a host. */
export interface HostSpawnOptions {
  /** Where it starts, as the host sees it; `/` without. */
  readonly cwd?: string | undefined;
  /** A plain one without. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  readonly stdio?: StdioOptions | undefined;
  /** Kills the program when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program with the host's network, mounts and name. The child is the program itself: signals
 * sent to it reach the program, and its exit status is the program's.
 */
export function spawnOnHost(
  host: HostPaths,
  file: string,
  args: readonly string[],
  options: HostSpawnOptions,
): ChildProcess {
  const words = [`--wdns=${options.cwd ?? '/'}`, ...onHost(host), file, ...args];
  return spawn('nsenter', words, {
    env: options.environment ?? plainEnvironment,
    stdio: options.stdio ?? 'pipe',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}
