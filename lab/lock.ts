import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from './command.ts';
import { LabError } from './lab-error.ts';
import { cacheDirectory } from './paths.ts';

const lockWaitS = 300;

/**
 * Runs `work` while holding an exclusive flock. The kernel frees it when this process dies: the
 * lock is held by `flock FILE cat`, whose input is our pipe. Lock files live in the cache and are
 * never removed, because removing one that somebody waits for would let two in.
 * @throws {LabError} when another holder keeps it for five minutes.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const directory = join(cacheDirectory(), 'locks');
  await mkdir(directory, { recursive: true });
  const args = ['--wait', String(lockWaitS), join(directory, name), 'cat'];
  const holder = spawn('flock', args, {
    env: plainEnvironment,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'close').then(() => 'ended' as const);
  // cat repeats our byte as soon as flock has let it start.
  const held = once(holder.stdout, 'data').then(() => 'held' as const);
  holder.stdin.on('error', () => undefined);
  holder.stdin.write('.');
  if ((await Promise.race([held, ended])) !== 'held') {
    throw new LabError(`${name} is held by another lab command`);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
