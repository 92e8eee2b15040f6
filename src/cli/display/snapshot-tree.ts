import type { SnapshotFile, SnapshotNode } from '../../../machines/policy/domain-snapshot/tree.ts';
import { formatBytes, formatMoment, oneLine } from './quantities.ts';

/** One after the other, each with the name of the one that it was taken after. */
export function flattened(
  nodes: readonly SnapshotNode[],
  parent: string | null = null,
): readonly (SnapshotNode & { readonly parent: string | null })[] {
  return nodes.flatMap((node) => [{ ...node, parent }, ...flattened(node.children, node.name)]);
}

/** For a person: what was taken after a snapshot is drawn below it. */
export function treeLines(nodes: readonly SnapshotNode[]): string[] {
  return nodes.length === 0 ? ['libvirt knows no snapshot of it'] : branches(nodes, '');
}

function branches(nodes: readonly SnapshotNode[], indent: string): string[] {
  return nodes.flatMap((node, at) => {
    const isLast = at === nodes.length - 1;
    const [corner, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
    const own = `${indent}${below}${node.children.length > 0 ? '│  ' : '   '}`;
    return [
      `${indent}${corner}${titleOf(node)}`,
      ...detailsOf(node).map((line) => `${own}${line}`),
      ...branches(node.children, `${indent}${below}`),
    ];
  });
}

function titleOf({ consistency, createdAtEpochMs, current, kind, name, withMemory }: SnapshotNode) {
  const words = [
    formatMoment(createdAtEpochMs),
    withMemory ? `${kind}, with memory` : kind,
    // libvirt does not keep whether the guest was frozen for it.
    consistency === 'crash' ? 'at least crash' : consistency,
    ...(current ? ['current'] : []),
  ];
  return `${oneLine(name)}  ${words.join(', ')}`;
}

function detailsOf({ deleteObjection, description, files, revertObjection }: SnapshotNode) {
  return [
    ...(description === null ? [] : [oneLine(description)]),
    ...files.map(fileLine),
    ...(revertObjection === null ? [] : [`no revert: ${oneLine(revertObjection)}`]),
    ...(deleteObjection === null ? [] : [`no deletion: ${oneLine(deleteObjection)}`]),
  ];
}

const wordsOfRole = { state: 'holds', overlay: 'went on in', memory: 'memory' } as const;

function fileLine({ bytes, path, role, targetDev }: SnapshotFile): string {
  const disk = targetDev === null ? '' : `${oneLine(targetDev)} `;
  const size = bytes === null ? 'missing, or not seen' : formatBytes(bytes);
  return `${disk}${wordsOfRole[role]} ${oneLine(path)} (${size})`;
}
