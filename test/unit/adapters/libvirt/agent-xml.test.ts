import { expect, test } from 'vitest';
import { readAgentState } from '../../../../src/adapters/libvirt/agent-xml.ts';

function domain(...targets: string[]): string {
  const channels = targets.map((target) => `<channel type='unix'>${target}</channel>`).join('');
  return `<domain type='qemu'><devices>${channels}</devices></domain>`;
}

const other = `<target type='virtio' name='com.redhat.spice.0' state='connected'/>`;

test.each([
  [`<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>`, 'connected'],
  [`<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/>`, 'disconnected'],
  // As the definition of what does not run has it.
  [`<target type='virtio' name='org.qemu.guest_agent.0'/>`, 'disconnected'],
])('tells by the channel whether the agent is there: %s', (target, state) => {
  expect(readAgentState(domain(other, target))).toBe(state);
});

test('another channel is no agent', () => {
  expect(readAgentState(domain(other))).toBe('none');
});
