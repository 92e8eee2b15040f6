import type { CallOptions, Domain } from 'node-libvirt';
import { QemuMonitorError } from 'node-libvirt';
import { z } from 'zod';
import { placeInQemu } from './qemu-place.ts';

/** Asks a QEMU past libvirt, which marks the domain as tainted. */
export type AskQemu = (
  command: string,
  given?: Readonly<Record<string, unknown>>,
) => Promise<unknown>;

export function qemuOf(domain: Domain, options: CallOptions): AskQemu {
  return (command, given) => domain.qemuMonitorCommand(command, given, options);
}

/** What QEMU has open, by a name; `path` is a place as `placeOf` tells it. */
export interface BlockNode {
  readonly name: string;
  readonly path: string;
}

const nodesSchema = z.array(
  z.object({ 'node-name': z.string(), file: z.string(), drv: z.string() }),
);

/** Each before the one that it lies on (query-named-block-nodes). */
export async function readNodes(ask: AskQemu): Promise<readonly BlockNode[]> {
  const all = nodesSchema.parse(await ask('query-named-block-nodes', { flat: true }));
  return all
    .toSorted((one, other) => rankOf(one) - rankOf(other))
    .map((node) => ({ name: node['node-name'], path: placeInQemu(node.file) }));
}

/** What reads and writes the bytes lies below what knows their format. */
const rankOf = ({ drv }: { readonly drv: string }): number => (protocols.has(drv) ? 1 : 0);
const protocols: ReadonlySet<string> = new Set(['file', 'host_device', 'nbd', 'rbd']);

/**
 * In the order given. QEMU refuses what a disk, a job or another node uses; what it named itself goes by
 * itself.
 */
export async function dropNodes(ask: AskQemu, nodes: readonly BlockNode[]): Promise<void> {
  for (const { name } of nodes)
    if (!name.startsWith('#')) await orRefused(ask('blockdev-del', { 'node-name': name }));
}

/** What QEMU refuses now, it may do at the next try. */
export async function orRefused(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof QemuMonitorError)) throw error;
  }
}
