import type { DomainView } from '../../ports/domain.ts';
import type { DeviceView } from '../../ports/devices.ts';
import { devicesIn } from './devices-calls.ts';
import { filesOf, isShared } from './host-files.ts';
import { viewOf } from './views.ts';
import { headOf } from './volume-file.ts';
import type { Host, World } from './world.ts';

/** A domain as its daemon tells it, and what its vCPUs really do. */
export interface DomainListing extends DomainView {
  readonly vcpus: 'running' | 'paused' | 'none';
  /** Its file systems are at rest. */
  readonly frozen: boolean;
  /** That it has now and that can be taken out of it; none where it does not run. */
  readonly devices: readonly DeviceView[];
  /** Runs that claim it. */
  readonly claims: readonly string[];
}

export interface HostListing {
  readonly name: string;
  readonly daemon: 'up' | 'down';
  readonly domains: readonly DomainListing[];
  readonly volumes: readonly { readonly path: string; readonly capacityBytes: number }[];
}

/** The whole world at one moment, ordered, so that two listings can be compared. */
export function listWorld(world: World): HostListing[] {
  return [...world.hosts.values()].map((host) => ({
    name: host.name,
    daemon: host.daemon.up ? 'up' : 'down',
    domains: [...host.domains.values()]
      .map((domain) => ({
        ...viewOf(host, domain),
        vcpus: domain.qemu?.vcpus ?? ('none' as const),
        frozen: domain.qemu?.memory.frozen ?? false,
        devices: devicesIn(domain),
        claims: domain.definition.claims.map(({ run }) => run),
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
    volumes: [...host.files]
      .map(([path, { capacityBytes }]) => ({ path, capacityBytes }))
      .toSorted((a, b) => a.path.localeCompare(b.path)),
  }));
}

export interface FileListing {
  readonly path: string;
  readonly storage: 'shared' | 'private';
  readonly format: string;
  readonly virtualSizeBytes: number;
  readonly backingPath: string | null;
}

export function listFiles({ world, host }: { world: World; host: Host }): FileListing[] {
  return filesOf(world, host).map(([path, file]) => {
    const { format, capacityBytes: virtualSizeBytes, backingPath } = headOf(file);
    const storage = isShared(world, host, path) ? 'shared' : 'private';
    return { path, storage, format, virtualSizeBytes, backingPath };
  });
}
