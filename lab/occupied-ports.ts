import { once } from 'node:events';
import { join } from 'node:path';
import { spawnOnHost } from './host-process.ts';
import { LabError } from './lab-error.ts';
import type { HostPaths } from './paths.ts';
import { parsePortRange } from './port-range.ts';

/** Ports of a host that a program of the lab's own holds. */
export interface OccupiedPorts {
  /** Gives them back; returns when they are free. */
  release(): Promise<void>;
}

/**
 * Listens on every port of a range at the host, as another program there would.
 * @throws {LabError} when one of them is in use.
 */
export async function occupyPorts(host: HostPaths, ports: string): Promise<OccupiedPorts> {
  const { first, last } = parsePortRange(ports);
  const program = join(import.meta.dirname, 'port-holder.ts');
  const holder = spawnOnHost(host, process.execPath, [program, String(first), String(last)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'close').then(() => 'ended' as const);
  const stdout = holder.stdout;
  if (stdout === null) throw new TypeError('the holder of the ports has no output');
  const held = once(stdout, 'data').then(() => 'held' as const);
  if ((await Promise.race([held, ended])) === 'ended') {
    throw new LabError(`some of the ports ${ports} of ${host.name} are in use`);
  }
  return {
    release: async () => {
      holder.kill('SIGKILL');
      await ended;
    },
  };
}
