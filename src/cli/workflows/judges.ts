import type {
  ColdSnapshotInput,
  DomainSnapshotInput,
  InstanceSnapshotInput,
  LiveMigrationInput,
  LiveSnapshotInput,
  ManagedSaveInput,
  SnapshotRevertInput,
} from '../../../machines/index.ts';
import { coldSnapshotVerdicts } from '../../../machines/policy/cold-snapshot/checks.ts';
import { beforeColdSnapshot } from '../../../machines/policy/cold-snapshot/cold-snapshot.ts';
import { domainSnapshotVerdicts } from '../../../machines/policy/domain-snapshot/checks.ts';
import { beforeDomainSnapshot } from '../../../machines/policy/domain-snapshot/domain-snapshot.ts';
import { instanceSnapshotVerdicts } from '../../../machines/policy/instance-snapshot/checks.ts';
import { beforeInstanceSnapshot } from '../../../machines/policy/instance-snapshot/instance-snapshot.ts';
import { foretellInstance, verdictsOf } from '../../../machines/policy/instance-snapshot/ways.ts';
import { liveSnapshotVerdicts } from '../../../machines/policy/live-snapshot/checks.ts';
import { beforeLiveSnapshot } from '../../../machines/policy/live-snapshot/live-snapshot.ts';
import { judgeMigration } from '../../../machines/policy/migration/checks.ts';
import { savingVerdicts } from '../../../machines/policy/managed-save/checks.ts';
import { beforeSaving } from '../../../machines/policy/managed-save/managed-save.ts';
import { nothingYet } from '../../../machines/policy/one-host/one-host.ts';
import { snapshotRevertVerdicts } from '../../../machines/policy/snapshot-revert/checks.ts';
import { beforeSnapshotRevert } from '../../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type { CheckVerdict } from '../../../machines/policy/verdicts.ts';
import { coldSnapshotSlots } from '../../bindings/cold-snapshot.ts';
import { domainSnapshotSlots } from '../../bindings/domain-snapshot.ts';
import { gatherFacts as gatherMigrationFacts } from '../../bindings/gather-facts.ts';
import { instanceSnapshotSlots } from '../../bindings/instance-snapshot.ts';
import { liveSnapshotSlots } from '../../bindings/live-snapshot.ts';
import { managedSaveSlots } from '../../bindings/managed-save.ts';
import { snapshotRevertSlots } from '../../bindings/snapshot-revert.ts';
import type { Tools } from '../../engine/slots.ts';
import { noLog } from '../../ports/log.ts';
import type { Composition } from '../compose.ts';

/** What a check needs of the world. */
export type Judging = Pick<Composition, 'clock' | 'hypervisors' | 'imageStores'>;

/** Every check of a workflow, judged now. */
export interface Judgement {
  readonly verdicts: readonly CheckVerdict[];
  /** Of a workflow that chooses: what it would do, and why nothing else. */
  readonly foretold?: string;
}

/** Reads only. @throws FailureError */
export type Judge<Input> = (
  judging: Judging,
  input: Input,
  signal: AbortSignal,
) => Promise<Judgement>;

export const toolsFor = ({ clock }: Judging, signal: AbortSignal): Tools => ({
  clock,
  signal,
  key: 'dry-run',
  report: () => undefined,
  log: noLog,
});

export const judgeLiveMigration: Judge<LiveMigrationInput> = async (
  { clock, hypervisors },
  input,
  signal,
) => ({
  verdicts: judgeMigration(
    await gatherMigrationFacts(hypervisors, input, { signal, clock }),
    input,
  ),
});

export const judgeLiveSnapshot: Judge<LiveSnapshotInput> = async (composition, input, signal) => {
  const { gatherFacts } = liveSnapshotSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  return {
    verdicts: liveSnapshotVerdicts({ ...input, ...nothingYet, ...beforeLiveSnapshot, facts }),
  };
};

export const judgeColdSnapshot: Judge<ColdSnapshotInput> = async (composition, input, signal) => {
  const { gatherFacts } = coldSnapshotSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  return {
    verdicts: coldSnapshotVerdicts({ ...input, ...nothingYet, ...beforeColdSnapshot, facts }),
  };
};

export const judgeInstanceSnapshot: Judge<InstanceSnapshotInput> = async (
  composition,
  input,
  signal,
) => {
  const { gatherFacts } = instanceSnapshotSlots(composition.hypervisors, composition.imageStores);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  const context = { ...input, ...beforeInstanceSnapshot, facts };
  const ways = (['live', 'cold'] as const).flatMap((way) =>
    verdictsOf(context, way).map(({ check, objection }) => ({
      check: `${way}.${check}`,
      objection,
    })),
  );
  const own = instanceSnapshotVerdicts(context);
  // That one way is closed is no objection where the other one is open.
  if (own.some(({ objection }) => objection !== null)) return { verdicts: [...own, ...ways] };
  return { verdicts: own, foretold: foretellInstance(context) };
};

export const judgeDomainSnapshot: Judge<DomainSnapshotInput> = async (
  composition,
  input,
  signal,
) => {
  const { gatherFacts } = domainSnapshotSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  return {
    verdicts: domainSnapshotVerdicts({ ...input, ...nothingYet, ...beforeDomainSnapshot, facts }),
  };
};

export const judgeManagedSave: Judge<ManagedSaveInput> = async (composition, input, signal) => {
  const { gatherFacts } = managedSaveSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  return { verdicts: savingVerdicts({ ...beforeSaving(input), facts }) };
};

export const judgeSnapshotRevert: Judge<SnapshotRevertInput> = async (
  composition,
  input,
  signal,
) => {
  const { gatherFacts } = snapshotRevertSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  return {
    verdicts: snapshotRevertVerdicts({ ...input, ...nothingYet, ...beforeSnapshotRevert, facts }),
  };
};
