import type { DomainStatus, DomainView, HostSurvey, HostView } from '../../ports/domain.ts';
import { surveyClaims } from './claims.ts';
import type { Domain, Host } from './world.ts';
import { availableBytes } from './world.ts';

const jobOperations = { in: 'migrationIn', out: 'migrationOut' } as const;

/** libvirt shows no outgoing job of a shut-off domain. */
export function statusOf(domain: Domain): DomainStatus {
  const { uuid, name, state, reason, persistent, job, qemu } = domain;
  const isShown = job !== null && (qemu !== null || job.direction === 'in');
  const operation = isShown ? { operation: jobOperations[job.direction] } : null;
  return { uuid, name, state, reason, persistent, job: operation };
}

export function viewOf(domain: Domain): DomainView {
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
    snapshotCount: definition.snapshotCount,
    managedSave: false,
    nvramPath: null,
    emulatedTpm: false,
    disks: definition.disks.map((disk) => ({
      targetDev: disk.targetDev,
      device: 'disk',
      source: 'file',
      path: disk.path,
      format: disk.format,
      readOnly: disk.readOnly,
      shareable: false,
      transient: false,
      cache: disk.cache,
      capacityBytes: disk.capacityBytes,
      allocationBytes: disk.capacityBytes,
      blockJob: qemu?.mirror?.holds(disk.targetDev) === true ? 'copy' : null,
    })),
  };
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
