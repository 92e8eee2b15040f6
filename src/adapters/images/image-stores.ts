import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { ImageStores } from '../../ports/image-store.ts';
import { directoryStore } from './directory-store.ts';

/** Image stores of hosts, reached as their disks are. */
export function createImageStores(hypervisors: Hypervisors): ImageStores {
  return {
    open: async ({ directory }, host, signal) =>
      directoryStore(await hypervisors.open(host, signal), directory),
  };
}
