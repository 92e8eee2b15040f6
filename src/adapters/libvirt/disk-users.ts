import type { CallOptions, Connection } from 'node-libvirt';
import { dirname, normalize } from 'node:path/posix';
import { nullWithoutDomain } from './domain-reads.ts';
import { readDiskParts, type DiskPart } from './domain-xml.ts';
import type { VolumePlace } from './volumes.ts';

/** One domain of a host and what its definition makes its disks of. */
interface DiskUser {
  readonly uuid: string;
  readonly name: string;
  readonly parts: readonly DiskPart[];
}

/** All domains of the host, running or not. */
export async function readDiskUsers(
  connection: Connection,
  options: CallOptions,
): Promise<DiskUser[]> {
  const domains = await connection.listAllDomains(options);
  const users = domains.map(async (domain) => {
    const xml = await nullWithoutDomain(domain.getXMLDesc(options));
    const parts = xml === null ? [] : readDiskParts(xml);
    return { uuid: domain.uuid, name: domain.name, parts };
  });
  return Promise.all(users);
}

/** Does it use what lies at that path, or place on a network, under whichever name? */
export function usesDisk(
  { parts }: Pick<DiskUser, 'parts'>,
  path: string,
  volume: Pick<NonNullable<VolumePlace['volume']>, 'pool' | 'name'> | null,
): boolean {
  return parts.some((part) => {
    if (part.kind === 'volume') return part.pool === volume?.pool && part.name === volume.name;
    return part.kind === 'path' ? normalize(part.path) === normalize(path) : part.path === path;
  });
}

/** Has it a file right in that directory? Volumes that are named by their pool have no path here. */
export function usesDirectory({ parts }: Pick<DiskUser, 'parts'>, directory: string): boolean {
  const place = normalize(`${directory}/`);
  return parts.some(
    (part) => part.kind === 'path' && `${dirname(normalize(part.path))}/` === place,
  );
}
