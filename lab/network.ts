import { run } from './command.ts';
import { pathKind } from './path-kind.ts';
import type { HostPaths, LabPaths } from './paths.ts';

/** The bridge inside each host to which guests' network cards are attached. */
export const guestBridge = 'vmbr0';
/** The host's own end of its cable. */
export const hostInterface = 'eth0';
const switchBridge = 'switch';

function ip(namespace: string, ...args: string[]): Promise<string> {
  return run('ip', ['-n', namespace, ...args]);
}

/**
 * The lab's switch: a bridge in a namespace of its own, so that every host's cable can be cut
 * alone.
 */
export async function createSwitch(lab: LabPaths): Promise<void> {
  if ((await pathKind(`/run/netns/${lab.bridgeNamespace}`)) !== null) return;
  await run('ip', ['netns', 'add', lab.bridgeNamespace]);
  await ip(lab.bridgeNamespace, 'link', 'add', switchBridge, 'type', 'bridge');
  await ip(lab.bridgeNamespace, 'link', 'set', switchBridge, 'up');
}

/** A host's network: its own namespace, a cable to the switch, a bridge for its guests. */
export async function createHostNetwork(
  lab: LabPaths,
  host: HostPaths,
  address: string,
): Promise<void> {
  const own = host.networkNamespace;
  await run('ip', ['netns', 'add', own]);
  await ip(own, 'link', 'set', 'lo', 'up');
  const cable = ['link', 'add', hostInterface, 'type', 'veth', 'peer', 'name', host.name];
  await ip(own, ...cable, 'netns', lab.bridgeNamespace);
  await ip(lab.bridgeNamespace, 'link', 'set', host.name, 'master', switchBridge, 'up');
  await ip(own, 'address', 'add', `${address}/24`, 'dev', hostInterface);
  await ip(own, 'link', 'set', hostInterface, 'up');
  await ip(own, 'link', 'add', guestBridge, 'type', 'bridge');
  await ip(own, 'link', 'set', guestBridge, 'up');
}

/** Removes a network namespace and with it every interface inside. */
export async function deleteNetworkNamespace(name: string): Promise<void> {
  if ((await pathKind(`/run/netns/${name}`)) === null) return;
  await run('ip', ['netns', 'delete', name]);
}
