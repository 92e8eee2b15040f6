import type { CallOptions, Connection } from 'node-libvirt';
import { nullWithoutDomain } from './domain-reads.ts';
import { parseDomainDefinition } from './domain-xml.ts';

/** One domain of a host and the disks that its definition names. */
interface DiskUser {
  readonly uuid: string;
  readonly name: string;
  readonly paths: readonly (string | null)[];
}

/** All domains of the host, running or not. */
export async function readDiskUsers(
  connection: Connection,
  options: CallOptions,
): Promise<DiskUser[]> {
  const domains = await connection.listAllDomains(options);
  const users = domains.map(async (domain) => {
    const xml = await nullWithoutDomain(domain.getXMLDesc(options));
    const paths = xml === null ? [] : parseDomainDefinition(xml).disks.map((disk) => disk.path);
    return { uuid: domain.uuid, name: domain.name, paths };
  });
  return Promise.all(users);
}
