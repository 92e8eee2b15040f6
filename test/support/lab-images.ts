import type { Lab, LabHost } from '../../lab/index.ts';
import { hostImages, launchedImages } from '../../src/adapters/images/index.ts';
import type { HostImages } from '../../src/ports/images.ts';

/**
 * Image files as the hosts of a lab see them, whose mounts are their own; by any URI of a host. Other
 * URIs lead where they always lead.
 */
export function labImages(lab: Lab): (uri: string) => HostImages {
  return (uri) => {
    const host = lab.hosts.find((each) => urisOf(each).includes(uri));
    if (host === undefined) return hostImages(uri);
    return launchedImages(uri, (file, args) => host.spawn(file, args));
  };
}

function urisOf({ ssh, tcp, tls, uri }: LabHost): string[] {
  return [uri, tcp, tls, ssh];
}
