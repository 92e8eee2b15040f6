import type { DomainSpec, VolumeSpec } from '../../src/adapters/simulated/index.ts';
import type { Targets, Workflow } from '../../src/testing/simulation/index.ts';

export const mib = 2 ** 20;

/** The machines that a person starts, by id. */
export const kinds = [
  'liveMigration',
  'managedSave',
  'domainSnapshot',
  'snapshotDelete',
  'snapshotRevert',
  'liveSnapshot',
  'coldSnapshot',
  'instanceSnapshot',
  'volumeSwap',
] as const;

export type Kind = (typeof kinds)[number];

/** One domain, what is asked for it, and where that can be struck. */
export interface Planned {
  readonly domain: DomainSpec;
  readonly workflow: Workflow;
  readonly targets: Targets;
  /** Block devices and volumes elsewhere that stand already, as its host reaches them. */
  readonly standing?: readonly VolumeSpec[];
}
