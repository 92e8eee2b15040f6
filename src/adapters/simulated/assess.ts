import type { Hypervisor } from '../../ports/hypervisor.ts';
import type { DestinationDisk, IncomingView, StayingDisk } from '../../ports/migration.ts';
import { readDiskPaths } from './domain-xml.ts';
import type { Host } from './world.ts';
import { availableBytes, poolOf } from './world.ts';

type Request = Parameters<Hypervisor['assessIncoming']>[0];

/** What the destination says of a domain that wants to come; without a CPU model to compare. */
export function assessIncoming(host: Host, request: Request): IncomingView {
  const { domain, options } = request;
  const name = options.destinationName ?? domain.name;
  const known = host.domains.get(domain.uuid);
  const namesake = [...host.domains.values()].find((each) => each.name === name);
  const isTaken = namesake !== undefined && namesake !== known;
  const collides = known !== undefined && (known.name !== name || known.qemu !== null);
  return {
    nameTakenBy: isTaken ? { uuid: namesake.uuid, active: namesake.qemu !== null } : null,
    uuidTakenBy: collides ? { name: known.name, active: known.qemu !== null } : null,
    definedThere: known !== undefined && !collides && known.persistent,
    halfMovedThere: known !== undefined && !collides && !known.persistent,
    cpu: 'unknown',
    machineTypeKnown: host.machineTypes.includes(domain.machineType),
    networksMissing: domain.networks.filter((network) => !host.networks.includes(network)),
    disks: assessDisks(host, request),
    stayingDisks: assessStaying(host, request),
  };
}

function assessStaying(host: Host, { domain, domainXml, options, stayingDisks }: Request) {
  const paths = readDiskPaths(options.destinationXml ?? domainXml);
  return domain.disks
    .filter(({ targetDev }) => stayingDisks.includes(targetDev))
    .map((disk): StayingDisk => {
      const path = paths.get(disk.targetDev) ?? disk.path ?? '';
      const pool = poolOf(host, path)?.name ?? null;
      return { targetDev: disk.targetDev, path, pool, exists: host.files.has(path) };
    });
}

function assessDisks(host: Host, { domain, domainXml, options, copyDisks }: Request) {
  const paths = readDiskPaths(options.destinationXml ?? domainXml);
  return domain.disks
    .filter(({ targetDev }) => copyDisks.includes(targetDev))
    .map((disk): DestinationDisk => {
      const path = paths.get(disk.targetDev) ?? disk.path ?? '';
      const pool = poolOf(host, path);
      const existing = host.files.get(path);
      const user = [...host.domains.values()].find(
        ({ uuid, definition }) =>
          uuid !== domain.uuid && definition.disks.some((each) => each.path === path),
      );
      return {
        targetDev: disk.targetDev,
        path,
        capacityBytes: disk.capacityBytes,
        pool: pool?.name ?? null,
        poolAvailableBytes: pool === undefined ? null : availableBytes(host, pool),
        existing: existing === undefined ? null : { capacityBytes: existing.capacityBytes },
        usedBy: user?.name ?? null,
      };
    });
}
