import { attribute, child, children, parseRoot } from './xml.ts';

/** The channel by which libvirt speaks to an agent (https://libvirt.org/formatdomain.html#channel). */
const agentChannel = 'org.qemu.guest_agent.0';

/**
 * Whether the agent has opened its end of the channel; `none` where the definition has no channel.
 *
 * @throws FailureError `malformedXml`
 */
export function readAgentState(xml: string): 'connected' | 'disconnected' | 'none' {
  const devices = child(parseRoot(xml, 'domain'), 'devices');
  const targets = children(devices, 'channel').map((channel) => child(channel, 'target'));
  const target = targets.find((each) => attribute(each, 'name') === agentChannel);
  if (target === undefined) return 'none';
  return attribute(target, 'state') === 'connected' ? 'connected' : 'disconnected';
}
