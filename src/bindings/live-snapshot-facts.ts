import type { TargetFacts } from '../../machines/policy/one-host/image-target.ts';
import { roomFor } from '../../machines/policy/one-host/image-target.ts';
import type { FactsRequest } from '../../machines/policy/live-snapshot/requests.ts';
import type { LiveSnapshotFacts } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import { chosenDisks } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import type { Tools } from '../engine/slots.ts';
import type { DomainView } from '../ports/domain.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { gatherTarget, inspectTops, measureImages } from './image-facts.ts';
import { gatherOneHost } from './one-host.ts';

const nothingThere = { availableBytes: null, standing: [], users: [], neighbours: [] };

/** Everything that the checks judge. Reads only. @throws FailureError where host or image tools do not answer */
export async function gatherLiveSnapshot(
  hypervisors: Hypervisors,
  request: FactsRequest,
  tools: Tools,
): Promise<LiveSnapshotFacts> {
  const { signal } = tools;
  const facts = await gatherOneHost(hypervisors, request, tools);
  const { domain } = facts;
  const nothing = { chains: [], tops: [], imageBytes: [], agent: 'none', formats: [] } as const;
  if (domain === null) return { ...facts, ...nothing, target: nothingThere };
  const host = await hypervisors.open(request.host, signal);
  const chosen = chosenDisks(request, domain);
  const [chains, agent, formats, target] = await Promise.all([
    host.findChains(domain.uuid, signal),
    host.agentState(domain.uuid, signal),
    host.imageFormats(signal),
    gatherTarget(host, domain, { ...request, chosen }, signal),
  ]);
  const disks = filesIn(domain, chosen);
  const tops = await inspectTops(host, disks, signal);
  const imageBytes = isTight(request, domain, { chosen, formats, target })
    ? await measureImages(host, disks, request.format, signal)
    : [];
  return {
    ...facts,
    chains,
    tops,
    imageBytes,
    agent,
    formats,
    target,
  };
}

/** Where even full disks have room, nobody need read what the images take. */
function isTight(
  { format }: FactsRequest,
  { disks }: DomainView,
  facts: { chosen: readonly string[]; formats: readonly string[]; target: TargetFacts },
): boolean {
  const { chosen, formats, target } = facts;
  const full = disks
    .filter(({ targetDev }) => chosen.includes(targetDev))
    .reduce((sum, { capacityBytes }) => sum + 2 * roomFor(capacityBytes), 0);
  return formats.includes(format) && target.availableBytes !== null && target.availableBytes < full;
}

/** The chosen disks that are files with a format: of any other nothing is asked. */
function filesIn({ disks }: DomainView, chosen: readonly string[]) {
  return disks.flatMap(({ format, path, source, targetDev }) =>
    chosen.includes(targetDev) && source === 'file' && path !== null && format !== 'unknown'
      ? [{ targetDev, path, format }]
      : [],
  );
}
