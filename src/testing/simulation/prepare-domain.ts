import type { SimulatedWorld } from '../../adapters/simulated/index.ts';
import type { Preparation } from './plan.ts';

const unending = new AbortController().signal;

/** @throws Error for a domain that the world does not have */
export async function prepareDomain(
  world: SimulatedWorld,
  name: string,
  steps: readonly Preparation[],
): Promise<void> {
  const [place] = world
    .listing()
    .flatMap(({ name: host, domains }) => domains.map((domain) => ({ host, domain })))
    .filter(({ domain }) => domain.name === name);
  if (place === undefined) throw new Error(`the simulated world has no domain ${name}`);
  const { uuid } = place.domain;
  const host = await world.hypervisors.open(`simulated:///${place.host}`, unending);
  for (const step of steps) {
    switch (step.do) {
      case 'snapshot':
        await host.createSnapshot(uuid, step.request, unending);
        break;
      case 'managedSave':
        await host.managedSave(uuid, plainly, unending);
        break;
      case 'saveTo':
        await host.saveTo(uuid, step.path, step.options, unending);
        break;
    }
  }
}

const plainly = { bypassCache: false, resumeAs: 'asBefore' } as const;
