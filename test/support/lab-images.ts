import type { Lab, LabHost } from '../../lab/index.ts';
import { launchedImages } from '../../src/adapters/images/index.ts';
import type { HostImages } from '../../src/ports/images.ts';

/** Image files as the hosts of a lab see them, whose mounts are their own. By any URI of the hosts. */
export function labImages(lab: Lab): (uri: string) => HostImages {
  return (uri) => {
    const host = hostOf(lab, uri);
    return launchedImages(uri, (file, args) => host.spawn(file, args));
  };
}

/** @throws Error for a URI of none of its hosts */
function hostOf(lab: Lab, uri: string): LabHost {
  const host = lab.hosts.find((each) => [each.uri, each.tcp, each.tls, each.ssh].includes(uri));
  if (host === undefined) throw new Error(`the lab has no host with the URI ${uri}`);
  return host;
}
