import { dirname } from 'node:path/posix';

import type { ImageTarget, TargetFacts } from '../../machines/policy/one-host/image-target.ts';
import { imagePaths } from '../../machines/policy/one-host/image-target.ts';
import type { DomainView } from '../ports/domain.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';
import type { FormattedImage, ImageInfo } from '../ports/images.ts';

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

/** The images that disks are on, where they are files. Reads only. */
export async function inspectTops(
  host: Hypervisor,
  tops: readonly FormattedImage[],
  signal: AbortSignal,
): Promise<readonly ImageInfo[]> {
  const found = await Promise.all(
    tops.map(({ format, path }) => host.inspectImage(path, format, signal)),
  );
  return found.filter((top) => top !== null);
}

/** What images of these disks take at most. Reads only. */
export function measureImages(
  host: Hypervisor,
  disks: readonly (FormattedImage & { readonly targetDev: string })[],
  format: string,
  signal: AbortSignal,
): Promise<readonly { readonly targetDev: string; readonly bytes: number }[]> {
  return Promise.all(
    disks.map(async ({ targetDev, ...top }) => ({
      targetDev,
      bytes: await host.measureImage(top, format, signal),
    })),
  );
}
