import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from './command.ts';
import type { SystemRoot } from './host-namespace.ts';
import { recordedProcess, startServer } from './host-process.ts';
import { LabError } from './lab-error.ts';
import { writeJson } from './lab-state.ts';
import type { HostPaths } from './paths.ts';
import { processState, signalProcess, stopProcess, waitUntilGone } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { virsh } from './virsh.ts';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;
/** How long a daemon may take that was asked to end. */
const politeStopMs = 5_000;

/** The connection URI of a host from outside its namespaces. */
export function hostUri(host: HostPaths): string {
  return `qemu+unix:///system?socket=${host.socket}`;
}

/** The same with the lab's own credentials: the lab's virsh gets in where SASL is asked for. */
export function witnessUri(host: HostPaths): string {
  return `${hostUri(host)}&authfile=${host.witnessAuthFile}`;
}

/** The host's daemon and what it is doing. */
export async function daemonState(
  host: HostPaths,
): Promise<{ state: 'running' | 'stopped'; process: ProcessIdentity } | { state: 'gone' }> {
  const recorded = await recordedProcess(host.daemonFile);
  if (recorded === null) return { state: 'gone' };
  const state = await processState(recorded);
  return state === 'gone' ? { state } : { state, process: recorded };
}

/**
 * Starts libvirtd on the host and waits until it answers a request.
 * @throws {LabError} when it ends or does not answer within a minute.
 */
export async function startDaemon(host: HostPaths, root: SystemRoot): Promise<void> {
  const program = root === '' ? ['libvirtd'] : ['chroot', root, 'libvirtd'];
  const daemon = await startServer(host, [...program, '--listen'], host.daemonOutput);
  if (daemon === null) throw await failedStart(host, 'ended at once');
  await writeJson(host.daemonFile, daemon);
  await waitUntilAnswering(host, daemon);
}

async function waitUntilAnswering(host: HostPaths, daemon: ProcessIdentity): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (performance.now() < deadlineMs) {
    try {
      await virsh(witnessUri(host), ['list', '--name'], { timeoutMs: startTimeoutMs });
      return;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
    if ((await processState(daemon)) === 'gone') throw await failedStart(host, 'ended');
    await sleep(10);
  }
  throw await failedStart(host, `did not answer within ${startTimeoutMs} ms`);
}

async function failedStart(host: HostPaths, how: string): Promise<LabError> {
  const output = await readFile(host.daemonOutput, 'utf8');
  const log = await readFile(host.debugLog, 'utf8').catch(() => '');
  const errors = log.split('\n').filter((line) => line.includes(': error :'));
  const said = errors.at(-1) ?? output.trim().split('\n').at(-1) ?? '';
  return new LabError(`libvirtd of ${host.name} ${how}: ${said} (${host.logDir})`);
}

/** Ends the host's daemon and waits until it is gone. Its guests run on. */
export async function endDaemon(host: HostPaths, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const daemon = await daemonState(host);
  if (daemon.state === 'gone') return;
  await signalProcess(daemon.process, signal);
  // A frozen process sees SIGTERM only once it is thawed; SIGKILL needs no thaw.
  if (signal === 'SIGTERM') {
    await signalProcess(daemon.process, 'SIGCONT');
    // libvirtd 11.3 may wait for its workers for ever; an init system would not, either.
    const asked = await waitUntilGone(daemon.process, politeStopMs).then(
      () => 'gone',
      () => 'stuck',
    );
    if (asked === 'gone') return;
    await signalProcess(daemon.process, 'SIGKILL');
  }
  await waitUntilGone(daemon.process, stopTimeoutMs);
}

/**
 * Freezes the host's daemon: when this returns, no thread of it answers anybody.
 * @throws {LabError} when it does not run.
 */
export async function freezeDaemon(host: HostPaths): Promise<void> {
  await stopProcess(await runningDaemon(host), stopTimeoutMs);
}

/**
 * Thaws the host's daemon.
 * @throws {LabError} when it does not run.
 */
export async function thawDaemon(host: HostPaths): Promise<void> {
  await signalProcess(await runningDaemon(host), 'SIGCONT');
}

async function runningDaemon(host: HostPaths): Promise<ProcessIdentity> {
  const daemon = await daemonState(host);
  if (daemon.state === 'gone') throw new LabError(`libvirtd of ${host.name} does not run`);
  return daemon.process;
}
