import { z } from 'zod';

import { run } from '../../lab/command.ts';
import { hostInterface, hostNetworks } from '../../lab/network.ts';
import type { HostNetwork, LabHost } from '../../lab/index.ts';

const linkSchema = z.tuple([
  z.object({ stats64: z.object({ rx: z.object({ bytes: z.number() }) }) }),
]);

/** What has come in over each of a host's cables since it was laid, by the kernel's own counters. */
export async function bytesReceived(host: LabHost): Promise<Record<HostNetwork, number>> {
  const counted = { main: 0, migration: 0 };
  for (const network of hostNetworks) {
    const link = ['link', 'show', 'dev', hostInterface(network)];
    const told = await run('ip', ['-n', host.paths.networkNamespace, '-s', '-j', ...link]);
    counted[network] = linkSchema.parse(JSON.parse(told))[0].stats64.rx.bytes;
  }
  return counted;
}
