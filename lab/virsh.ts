import { run } from './command.ts';
import type { CommandOptions } from './command.ts';

/**
 * Runs virsh against a connection URI: libvirt's own client is the lab's witness, independent of
 * ours.
 */
export function virsh(
  uri: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return run('virsh', ['--connect', uri, '--quiet', ...args], options);
}
