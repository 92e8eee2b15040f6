import { dirname } from 'node:path/posix';

import type { ImageTarget, TargetFacts } from '../../machines/policy/image-target.ts';
import { imagePaths } from '../../machines/policy/image-target.ts';
import type { DomainView } from '../ports/domain.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';

/** What stands where the images of these disks shall go, and whose it is. Reads only. */
export async function gatherTarget(
  host: Hypervisor,
  domain: DomainView,
  { chosen, ...target }: ImageTarget & { readonly chosen: readonly string[] },
  signal: AbortSignal,
): Promise<TargetFacts> {
  const paths = imagePaths(target, chosen);
  const [availableBytes, files, neighbours, ...users] = await Promise.all([
    host.availableBytes(target.directory, signal),
    host.listFiles(target.directory, signal),
    host.findDirectoryUsers(target.directory, signal),
    ...paths.map((path) => host.findDiskUsers(path, signal)),
  ]);
  const isOwn = domain.disks.some(
    ({ path }) => path !== null && dirname(path) === target.directory,
  );
  return {
    availableBytes,
    standing: paths.filter((path) => files?.includes(path) === true),
    users: [...new Set(users.flat())],
    neighbours: isOwn ? [] : neighbours.filter((uuid) => uuid !== domain.uuid),
  };
}
