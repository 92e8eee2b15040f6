import type { SnapshotDeleteInput } from '../../../machines/index.ts';
import { nothingYet } from '../../../machines/policy/one-host/one-host.ts';
import { snapshotDeleteVerdicts } from '../../../machines/policy/snapshot-delete/checks.ts';
import { beforeSnapshotDelete } from '../../../machines/policy/snapshot-delete/snapshot-delete.ts';
import { snapshotDeleteSlots } from '../../bindings/snapshot-delete.ts';
import type { Judge } from './judges.ts';
import { toolsFor } from './judges.ts';

export const judgeSnapshotDelete: Judge<SnapshotDeleteInput> = async (
  composition,
  input,
  signal,
) => {
  const { gatherFacts } = snapshotDeleteSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  const context = { ...input, ...nothingYet, ...beforeSnapshotDelete, facts };
  return { verdicts: snapshotDeleteVerdicts(context) };
};
