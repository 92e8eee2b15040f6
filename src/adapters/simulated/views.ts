import type {
  DiskView,
  DomainJob,
  DomainStatus,
  DomainView,
  HostSurvey,
  HostView,
} from '../../ports/domain.ts';
import { surveyClaims } from './claims.ts';
import type { LayerFile } from './disk-chain.ts';
import { layerViewOf } from './disk-source.ts';
import { managedPath } from './saved-file.ts';
import type { Domain, Host } from './world.ts';
import { availableBytes } from './world.ts';

const jobOperations = { in: 'migrationIn', out: 'migrationOut' } as const;

export function statusOf(domain: Domain): DomainStatus {
  const { uuid, name, persistent } = domain;
  const { state, reason } = isStarting(domain) ? starting : domain;
  return { uuid, name, state, reason, persistent, job: jobOf(domain) };
}

/** Its QEMU is there from the first moment on, as libvirt has it, and stands until it has its memory. */
function isStarting({ qemu, work }: Domain): boolean {
  return qemu === null && (work?.operation === 'start' || work?.operation === 'restore');
}

const starting = { state: 'paused', reason: 'startingUp' } as const;

/** libvirt shows no job of a shut-off domain, unless it comes in. */
function jobOf(domain: Domain): DomainJob | null {
  const { job, qemu, work } = domain;
  if (qemu === null && job?.direction !== 'in' && !isStarting(domain)) return null;
  if (job !== null) return { operation: jobOperations[job.direction] };
  return work === null ? null : { operation: work.operation };
}

export function viewOf(host: Host, domain: Domain): DomainView {
  const { definition, qemu } = domain;
  return {
    ...statusOf(domain),
    memoryBytes: definition.memoryBytes,
    arch: 'x86_64',
    machineType: definition.machineType,
    virtType: 'qemu',
    emulator: null,
    hostDevices: definition.hostDevices,
    networks: definition.networks,
    snapshotCount: definition.snapshotCount + domain.snapshots.records.length,
    managedSave: host.files.has(managedPath(domain)),
    nvramPath: null,
    emulatedTpm: false,
    disks: definition.disks.map((disk) => ({
      ...sourceViewOf(disk),
      targetDev: disk.targetDev,
      device: 'disk',
      format: disk.format,
      readOnly: disk.readOnly,
      shareable: false,
      transient: false,
      cache: disk.cache,
      capacityBytes: disk.capacityBytes,
      allocationBytes: disk.capacityBytes,
      blockJob: blockJobOf(qemu, disk.targetDev),
      mirrored: (qemu?.blockJobs.get(disk.targetDev)?.work.mirror ?? null) !== null,
    })),
  };
}

function sourceViewOf(disk: LayerFile): Pick<DiskView, 'source' | 'path'> {
  const { path, source } = layerViewOf(disk);
  return { path, source };
}

function blockJobOf(qemu: Domain['qemu'], targetDev: string): string | null {
  if (qemu?.mirror?.holds(targetDev) === true) return 'copy';
  return qemu?.blockJobs.get(targetDev)?.work.type ?? null;
}

export function hostView(host: Host): HostView {
  const { hostname, hostUuid, libvirtVersion, hypervisorVersion, memoryBytes } = host;
  const active = [...host.domains.values()].filter(({ qemu }) => qemu !== null);
  const used = active.reduce((sum, { definition }) => sum + definition.memoryBytes, 0);
  return {
    uri: `simulated:///${host.name}`,
    hostname,
    hostUuid,
    libvirtVersion,
    hypervisorVersion,
    freeMemoryBytes: memoryBytes - used,
  };
}

export const namesOn = ({ domains }: Host): string[] =>
  [...domains.values()].map(({ name }) => name);

export function surveyOf(host: Host): HostSurvey {
  const pools = host.pools.map((pool) => ({
    name: pool.name,
    active: true,
    targetPath: pool.targetPath,
    availableBytes: availableBytes(host, pool),
  }));
  const claimedDomains = surveyClaims(host);
  return { driver: 'QEMU', pools, qemuEventsRefused: null, claimedDomains };
}
