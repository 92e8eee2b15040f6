import type { Hypervisors } from '../../ports/hypervisor.ts';
import { nearestName } from '../../requests/nearest.ts';
import type { Named, ShownWorkflow } from './shown-workflow.ts';

/** What of a workflow is asked here. */
type NamedWorkflow = Pick<ShownWorkflow, 'named' | 'places'>;

/** What is not there, by the check that objects. */
const unknownBy: ReadonlyMap<string, keyof Named> = new Map([
  ['domainExists', 'domain'],
  ['snapshotKnown', 'snapshot'],
  ['snapshotExists', 'snapshot'],
  ['disksKnown', 'disks'],
  ['diskExists', 'disks'],
  // Of a snapshot that chooses its way: that a disk is not there is one of the reasons against each.
  ['someWay', 'disks'],
]);

/** It is only a hint: whoever waits for it does not wait long. */
const lookTimeoutMs = 5_000;

/**
 * The name that may have been meant, by a look at the first host of a run that was refused; `null`: none is
 * like it, it was refused for something else, or the host does not say.
 *
 * @param check the code of the refusal
 * @param reach how the host is reached, where what was asked for is sealed
 */
export async function nearestThere(
  hypervisors: Pick<Hypervisors, 'open'>,
  { named, places }: NamedWorkflow,
  check: string,
  reach: readonly string[] = places.map(({ uri }) => uri),
): Promise<string | null> {
  const what = unknownBy.get(check.replace(/^(live|cold)\./, ''));
  const [uri] = reach;
  if (what === undefined || uri === undefined) return null;
  try {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    const host = await hypervisors.open(uri, signal);
    if (what === 'domain') return nearestName(named.domain, await host.listDomains(signal));
    const domain = await host.findDomain(named.domain, signal);
    if (domain === null) return null;
    if (what === 'disks')
      return nearestUnknown(
        named.disks,
        domain.disks.map(({ targetDev }) => targetDev),
      );
    const snapshots = await host.listSnapshots(domain.uuid, signal);
    return nearestUnknown(
      [named.snapshot ?? []].flat(),
      snapshots.map(({ name }) => name),
    );
  } catch {
    // Why it was refused has been told; that the host does not answer now adds nothing.
    return null;
  }
}

function nearestUnknown(given: readonly string[], known: readonly string[]): string | null {
  const unknown = given.find((name) => !known.includes(name));
  return unknown === undefined ? null : nearestName(unknown, known);
}
