import type { OneHostInput } from '../../machines/policy/one-host.ts';
import { nothingYet } from '../../machines/policy/one-host.ts';
import { snapshotDeleteVerdicts } from '../../machines/policy/snapshot-delete-checks.ts';
import {
  beforeSnapshotDelete,
  snapshotDeleteInput,
} from '../../machines/policy/snapshot-delete.ts';
import type { SnapshotNode } from '../../machines/policy/snapshot-tree.ts';
import { pathsOf, snapshotTree } from '../../machines/policy/snapshot-tree.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { SnapshotView } from '../ports/snapshots.ts';
import { gatherOneHost } from './one-host.ts';
import { gatherSnapshotDelete } from './snapshot-delete-effects.ts';

export type { SnapshotFile, SnapshotNode } from '../../machines/policy/snapshot-tree.ts';

/**
 * The snapshots of a domain as a tree, each with its files and what speaks against using it. Reads only.
 *
 * @throws FailureError `domainExists` where the host knows no such domain; hostUnreachable
 */
export async function readSnapshotTree(
  hypervisors: Hypervisors,
  asked: Pick<OneHostInput, 'domain' | 'host'>,
  tools: Tools,
): Promise<readonly SnapshotNode[]> {
  const { signal } = tools;
  const { domain, host: view } = await gatherOneHost(hypervisors, asked, tools);
  if (domain === null) {
    const message = `${view.hostname} has no domain ${asked.domain}: virsh -c ${asked.host} list --all shows what it has`;
    throw new FailureError({ code: 'domainExists', message, effect: 'none' });
  }
  const host = await hypervisors.open(asked.host, signal);
  const snapshots = await host.listSnapshots(domain.uuid, signal);
  const [files, objections] = await Promise.all([
    readFiles(host, snapshots, signal),
    Promise.all(
      snapshots.map(async ({ name }) => {
        const objection = await deleteObjection(hypervisors, { ...asked, name }, tools);
        return [name, objection] as const;
      }),
    ),
  ]);
  const deleteObjections = Object.fromEntries(objections);
  const { libvirtVersion } = view;
  return snapshotTree({ domain, libvirtVersion, snapshots, files, deleteObjections });
}

/** By the checks of the deletion itself; a run that has the domain now is no reason for ever. */
async function deleteObjection(
  hypervisors: Hypervisors,
  { name, ...asked }: Pick<OneHostInput, 'domain' | 'host'> & { readonly name: string },
  tools: Tools,
): Promise<string | null> {
  const what = {
    kind: 'snapshot',
    name,
    children: 'keep',
    metadataOnly: false,
    by: 'auto',
  } as const;
  const input = snapshotDeleteInput({ ...asked, what });
  const facts = await gatherSnapshotDelete(hypervisors, input, tools);
  const context = {
    ...input,
    ...nothingYet,
    ...beforeSnapshotDelete,
    facts: { ...facts, claims: [] },
  };
  const found = snapshotDeleteVerdicts(context).find(({ objection }) => objection !== null);
  return found?.objection ?? null;
}

/** Where image tools do not reach the host, nothing is known of its files. */
async function readFiles(
  host: Hypervisor,
  snapshots: readonly SnapshotView[],
  signal: AbortSignal,
): Promise<Record<string, number | 'missing'>> {
  const wanted = new Map(
    snapshots.flatMap((snapshot) =>
      pathsOf(snapshot).map(({ path, role }) => [path, role === 'memory' ? 'raw' : null] as const),
    ),
  );
  const entries = [...wanted].map(async ([path, format]) => {
    try {
      const image = await host.inspectImage(path, format ?? formatOf(snapshots, path), signal);
      return [[path, image?.allocationBytes ?? 'missing']] as const;
    } catch (error) {
      if (error instanceof FailureError && !signal.aborted) return [];
      throw error;
    }
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

/** An overlay has the format that it was made with; of anything else only the size is wanted. */
function formatOf(snapshots: readonly SnapshotView[], path: string): string {
  const overlays = snapshots.flatMap(({ disks }) => disks);
  return overlays.find(({ overlayPath }) => overlayPath === path)?.format ?? 'raw';
}
