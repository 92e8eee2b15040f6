import { run } from './command.ts';
import type { HostAddresses } from './lab-state.ts';
import { pathKind } from './path-kind.ts';
import type { HostPaths, LabPaths } from './paths.ts';

/** The bridge inside each host to which guests' network cards are attached. */
export const guestBridge = 'vmbr0';

/** A network of the lab: `main` is the one of the hosts' names, `migration` a second one beside. */
export type HostNetwork = 'main' | 'migration';

/** Every network of a lab: the host's end of its cable, and the bridge at the other end. */
const wiring: Readonly<
  Record<HostNetwork, { readonly hostInterface: string; readonly bridge: string }>
> = {
  main: { hostInterface: 'eth0', bridge: 'switch' },
  migration: { hostInterface: 'eth1', bridge: 'migration' },
};

/** Every network of a lab. */
export const hostNetworks: readonly HostNetwork[] = ['main', 'migration'];

/** The host's own end of its cable to a network. */
export function hostInterface(network: HostNetwork): string {
  return wiring[network].hostInterface;
}

/** The name by which a network's bridge knows the host's cable. */
export function cableEnd(host: HostPaths, network: HostNetwork): string {
  return network === 'main' ? host.name : `${host.name}-mig`;
}

function ip(namespace: string, ...args: string[]): Promise<string> {
  return run('ip', ['-n', namespace, ...args]);
}

/**
 * The lab's switches: bridges in a namespace of their own, so that every host's cable can be cut
 * alone.
 */
export async function createSwitch(lab: LabPaths): Promise<void> {
  const namespace = lab.bridgeNamespace;
  if ((await pathKind(`/run/netns/${namespace}`)) !== null) return;
  await run('ip', ['netns', 'add', namespace]);
  for (const { bridge } of Object.values(wiring)) {
    await ip(namespace, 'link', 'add', bridge, 'type', 'bridge');
    await ip(namespace, 'link', 'set', bridge, 'up');
  }
}

/** A host's network: its own namespace, a cable to each switch, a bridge for its guests. */
export async function createHostNetwork(
  lab: LabPaths,
  host: HostPaths,
  addresses: HostAddresses,
): Promise<void> {
  const own = host.networkNamespace;
  await run('ip', ['netns', 'add', own]);
  await ip(own, 'link', 'set', 'lo', 'up');
  for (const network of hostNetworks) {
    const { hostInterface: end, bridge } = wiring[network];
    const far = cableEnd(host, network);
    const cable = ['link', 'add', end, 'type', 'veth', 'peer', 'name', far];
    await ip(own, ...cable, 'netns', lab.bridgeNamespace);
    await ip(lab.bridgeNamespace, 'link', 'set', far, 'master', bridge, 'up');
    // Half of the lab's 256 addresses for each network.
    await ip(own, 'address', 'add', `${addresses[network]}/25`, 'dev', end);
    await ip(own, 'link', 'set', end, 'up');
  }
  await ip(own, 'link', 'add', guestBridge, 'type', 'bridge');
  await ip(own, 'link', 'set', guestBridge, 'up');
}

/** Removes a network namespace and with it every interface inside. */
export async function deleteNetworkNamespace(name: string): Promise<void> {
  if ((await pathKind(`/run/netns/${name}`)) === null) return;
  await run('ip', ['netns', 'delete', name]);
}
