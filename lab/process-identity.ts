import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './lab-error.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat. */
  readonly startTicks: number;
}

interface ProcessStat extends ProcessIdentity {
  readonly state: 'running' | 'stopped' | 'ended';
}

/**
 * A killed process may show its first thread as a zombie while others still hold its sockets and
 * locks: it has ended with its last thread.
 */
function stateOf(letter: string, threads: number): ProcessStat['state'] {
  if ((letter === 'Z' || letter === 'X') && threads <= 1) return 'ended';
  return letter === 'T' ? 'stopped' : 'running';
}

async function readStat(pid: number): Promise<ProcessStat | null> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null; // the process is gone, which is an answer
  }
  // The command name in parentheses may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [letter] = fields;
  const startTicks = Number(fields[19]);
  if (letter === undefined || !Number.isSafeInteger(startTicks)) return null;
  return { pid, startTicks, state: stateOf(letter, Number(fields[17])) };
}

/**
 * Who has this number now; null when nobody, or a process that has ended and waits to be reaped.
 */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  const found = await readStat(pid);
  if (found === null || found.state === 'ended') return null;
  return { pid: found.pid, startTicks: found.startTicks };
}

/** What this very process is doing. */
export async function processState(
  identity: ProcessIdentity,
): Promise<'running' | 'stopped' | 'gone'> {
  const found = await readStat(identity.pid);
  if (found === null || found.startTicks !== identity.startTicks) return 'gone';
  return found.state === 'ended' ? 'gone' : found.state;
}

/**
 * Sends a signal to this very process, never to a successor of its number. Nothing when it is gone.
 */
export async function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
): Promise<void> {
  if ((await processState(identity)) === 'gone') return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * Waits until the process has ended. The kernel tells only a parent, so this asks every 5 ms.
 * @throws {LabError} after `timeoutMs`.
 */
export async function waitUntilGone(identity: ProcessIdentity, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while ((await processState(identity)) !== 'gone') {
    if (performance.now() > deadlineMs) {
      throw new LabError(`process ${identity.pid} did not end within ${timeoutMs} ms`);
    }
    await sleep(5);
  }
}

/** Whether every thread of the process stands; true, too, when it has none any more. */
async function everyThreadStands(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const letters = await Promise.all(
    threads.map(async (thread) => {
      const text = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
      return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
    }),
  );
  return letters.every((letter) => letter === 'T' || letter === '');
}

/**
 * Stops the process and waits until its last thread stands: the kernel only marks the threads, and
 * one that still runs may answer a request. Asks every 5 ms, for nobody tells.
 * @throws {LabError} after `timeoutMs`.
 */
export async function stopProcess(identity: ProcessIdentity, timeoutMs: number): Promise<void> {
  await signalProcess(identity, 'SIGSTOP');
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await everyThreadStands(identity.pid))) {
    if (performance.now() > deadlineMs) {
      throw new LabError(`process ${identity.pid} did not stop within ${timeoutMs} ms`);
    }
    await sleep(5);
  }
}

/** The processes whose network and mount namespaces are those held by the two files. */
export async function processesInNamespaces(
  networkFile: string,
  mountFile: string,
): Promise<ProcessIdentity[]> {
  const [network, mount] = await Promise.all([stat(networkFile), stat(mountFile)]);
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const links = await Promise.all([
      readlink(`/proc/${entry}/ns/net`).catch(() => ''),
      readlink(`/proc/${entry}/ns/mnt`).catch(() => ''),
    ]);
    if (links[0] !== `net:[${network.ino}]` || links[1] !== `mnt:[${mount.ino}]`) continue;
    const identity = await identifyProcess(Number(entry));
    if (identity !== null) found.push(identity);
  }
  return found;
}

/** Ends every process of the two namespaces and waits until the last is gone. */
export async function endProcessesInNamespaces(
  networkFile: string,
  mountFile: string,
): Promise<void> {
  // A dying daemon may fork once more, so look again until a look finds nobody.
  for (let round = 0; round < 20; round += 1) {
    const processes = await processesInNamespaces(networkFile, mountFile);
    if (processes.length === 0) return;
    await Promise.all(processes.map((identity) => signalProcess(identity, 'SIGKILL')));
    await Promise.all(processes.map((identity) => waitUntilGone(identity, 10_000)));
  }
  throw new LabError(`processes keep appearing in the namespace ${mountFile}`);
}
