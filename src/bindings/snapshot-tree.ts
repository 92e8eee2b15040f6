import type { OneHostInput } from '../../machines/policy/one-host/one-host.ts';
import { nothingYet } from '../../machines/policy/one-host/one-host.ts';
import { snapshotDeleteVerdicts } from '../../machines/policy/snapshot-delete/checks.ts';
import {
  beforeSnapshotDelete,
  snapshotDeleteInput,
} from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import { refusalOf } from '../../machines/policy/one-host/checks.ts';
import { snapshotRevertVerdicts } from '../../machines/policy/snapshot-revert/checks.ts';
import {
  beforeSnapshotRevert,
  snapshotRevertInput,
} from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type {
  SnapshotNode,
  SnapshotObjections,
} from '../../machines/policy/domain-snapshot/tree.ts';
import { pathsOf, snapshotTree } from '../../machines/policy/domain-snapshot/tree.ts';
import type { CheckVerdict } from '../../machines/policy/verdicts.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { SnapshotView } from '../ports/snapshots.ts';
import { askedOnce } from './asked-once.ts';
import { gatherOneHost } from './one-host.ts';
import { gatherSnapshotDelete } from './snapshot-delete-effects.ts';
import { gatherSnapshotRevert } from './snapshot-revert.ts';

export type { SnapshotFile, SnapshotNode } from '../../machines/policy/domain-snapshot/tree.ts';

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
  const once = askedOnce(hypervisors);
  const { domain, host: view } = await gatherOneHost(once, asked, tools);
  if (domain === null) {
    const message = `${view.hostname} has no domain ${asked.domain}: virsh -c ${asked.host} list --all shows what it has`;
    throw new FailureError({ code: 'domainExists', message, effect: 'none' });
  }
  const host = await once.open(asked.host, signal);
  const snapshots = await host.listSnapshots(domain.uuid, signal);
  const [files, objections] = await Promise.all([
    readFiles(host, snapshots, signal),
    Promise.all(
      snapshots.map(async ({ name }) => {
        return [name, await objectionsTo(once, { ...asked, name }, tools)] as const;
      }),
    ),
  ]);
  return snapshotTree({ snapshots, files, objections: Object.fromEntries(objections) });
}

/** By the checks of the runs themselves; a run that has the domain now is no reason for ever. */
async function objectionsTo(
  hypervisors: Hypervisors,
  asked: Pick<OneHostInput, 'domain' | 'host'> & { readonly name: string },
  tools: Tools,
): Promise<SnapshotObjections> {
  const deletion = snapshotDeleteInput({
    domain: asked.domain,
    host: asked.host,
    what: {
      kind: 'snapshot',
      name: asked.name,
      children: 'keep',
      metadataOnly: false,
      by: 'auto',
    },
  });
  const revert = snapshotRevertInput(asked);
  const [deleteFacts, revertFacts] = await Promise.all([
    gatherSnapshotDelete(hypervisors, deletion, tools),
    gatherSnapshotRevert(hypervisors, revert, tools),
  ]);
  return {
    deleteObjection: objectionIn(
      snapshotDeleteVerdicts({
        ...deletion,
        ...nothingYet,
        ...beforeSnapshotDelete,
        facts: { ...deleteFacts, claims: [] },
      }),
    ),
    revertObjection: objectionIn(
      snapshotRevertVerdicts({
        ...revert,
        ...nothingYet,
        ...beforeSnapshotRevert,
        facts: { ...revertFacts, claims: [] },
      }),
    ),
  };
}

/** In the words of a refusal. */
function objectionIn(verdicts: readonly CheckVerdict[]): string | null {
  return verdicts.every(({ objection }) => objection === null) ? null : refusalOf(verdicts).message;
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
