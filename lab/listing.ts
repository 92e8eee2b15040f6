import { readFile, readdir } from 'node:fs/promises';
import { z } from 'zod';
import { CommandError } from './command.ts';
import { daemonState, witnessUri } from './daemon.ts';
import { readMigrationTruth } from './migration-truth.ts';
import type { HostPaths } from './paths.ts';
import { processesInNamespaces } from './process-identity.ts';
import { virsh } from './virsh.ts';

/** A domain as virsh tells it. */
export interface DomainListing {
  readonly name: string;
  readonly uuid: string;
  /** For example `running`, `paused`, `shut off`. */
  readonly state: string;
  /** For example `migrated`, `migration canceled`, `post-copy failed`. */
  readonly reason: string;
  readonly persistent: boolean;
  readonly managedSave: boolean;
  readonly snapshots: readonly string[];
  /** The long job that the daemon holds for it, from its status file. */
  readonly job: string | null;
  /** QEMU's names of block jobs in progress; null while a job keeps QEMU's monitor for itself. */
  readonly blockJobs: readonly string[] | null;
  /** QEMU's names of exported disks, as a storage copy's NBD server makes them; null as above. */
  readonly exports: readonly string[] | null;
}

/** What is on a host. */
export interface HostListing {
  readonly name: string;
  readonly daemon: 'running' | 'stopped' | 'gone';
  /** Null while the daemon cannot be asked. */
  readonly domains: readonly DomainListing[] | null;
  /** Volumes of the pool `images` as libvirt knows them; null while the pool is not active or the
   * daemon cannot be asked. */
  readonly volumes: readonly string[] | null;
  /** Files that are really in that pool's directory. */
  readonly imageFiles: readonly string[];
  /** Domain names of the QEMU processes that really run. */
  readonly qemuProcesses: readonly string[];
}

const askTimeoutMs = 10_000;

function ask(host: HostPaths, ...args: string[]): Promise<string> {
  return virsh(witnessUri(host), args, { timeoutMs: askTimeoutMs });
}

async function askLines(host: HostPaths, ...args: string[]): Promise<string[]> {
  const answer = await ask(host, ...args);
  return answer.split('\n').filter((line) => line.trim() !== '');
}

/** Reads `Key:   value` lines. */
function fields(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

async function qemuNames(host: HostPaths, domain: string, command: string): Promise<string[]> {
  const request = JSON.stringify({ execute: command });
  const answer: unknown = JSON.parse(await ask(host, 'qemu-monitor-command', domain, request));
  const named = z.object({ device: z.string() }).or(z.object({ id: z.string() }));
  const { return: items } = z.object({ return: z.array(named) }).parse(answer);
  return items.map((item) => ('device' in item ? item.device : item.id)).toSorted();
}

async function listDomain(host: HostPaths, name: string): Promise<DomainListing> {
  const [info, stateLines, job, snapshots] = await Promise.all([
    askLines(host, 'dominfo', name).then(fields),
    askLines(host, 'domstate', '--reason', name),
    readMigrationTruth(host, name),
    askLines(host, 'snapshot-list', '--name', name),
  ]);
  const [, state, reason] = /^(.+) \((.+)\)$/.exec(stateLines[0] ?? '') ?? [];
  const qemu = async (command: string): Promise<string[] | null> => {
    if (info.get('Id') === '-') return [];
    return job === null ? qemuNames(host, name, command) : null;
  };
  return {
    name,
    uuid: info.get('UUID') ?? '',
    state: state ?? '',
    reason: reason ?? '',
    persistent: info.get('Persistent') === 'yes',
    managedSave: info.get('Managed save') === 'yes',
    snapshots: snapshots.toSorted(),
    job: job?.asyncJob ?? null,
    blockJobs: await qemu('query-block-jobs'),
    exports: await qemu('query-block-exports'),
  };
}

function listNames(host: HostPaths): Promise<string[]> {
  return askLines(host, 'list', '--all', '--name');
}

async function listDomains(host: HostPaths): Promise<DomainListing[]> {
  const listed = await Promise.all(
    (await listNames(host)).toSorted().map(async (name) => {
      try {
        return await listDomain(host, name);
      } catch (error) {
        // A domain may go while it is being asked about; that is no fault, anything else is.
        if (!(error instanceof CommandError)) throw error;
        if ((await listNames(host)).includes(name)) throw error;
        return null;
      }
    }),
  );
  return listed.filter((domain) => domain !== null);
}

async function listVolumes(host: HostPaths): Promise<string[] | null> {
  const active = await askLines(host, 'pool-list', '--name');
  if (!active.some((pool) => pool.trim() === 'images')) return null;
  const lines = await askLines(host, 'vol-list', 'images');
  return lines.map((line) => line.trim().split(/\s+/)[0] ?? '').toSorted();
}

/** Domain names of the QEMU processes in a host's namespaces. */
export async function listQemuProcesses(host: HostPaths): Promise<string[]> {
  const processes = await processesInNamespaces(host.networkFile, host.mountFile);
  const names = await Promise.all(
    processes.map(async ({ pid }) => {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return /\0-name\0guest=([^,\0]+)/.exec(words)?.[1];
    }),
  );
  return names.filter((name) => name !== undefined).toSorted();
}

/** What is on a host: the daemon's answers through virsh, files and processes from the kernel. */
export async function listHost(host: HostPaths): Promise<HostListing> {
  const daemon = (await daemonState(host)).state;
  const answers = daemon === 'running';
  const [domains, volumes, imageFiles, qemuProcesses] = await Promise.all([
    answers ? listDomains(host) : null,
    answers ? listVolumes(host) : null,
    readdir(host.imagesDir),
    listQemuProcesses(host),
  ]);
  return {
    name: host.name,
    daemon,
    domains,
    volumes,
    imageFiles: imageFiles.toSorted(),
    qemuProcesses,
  };
}
