import type { Failure } from '../../ports/failure.ts';
import type { StreamProgress } from '../../ports/observation.ts';
import type {
  ArtefactRecord,
  JournalRow,
  RunStore,
  RunSummary,
  StoredRun,
} from '../../ports/run-store.ts';
import { readSnapshot } from './stored-machines.ts';

/** Everything that is on record of one run. */
export interface LoadedRun {
  readonly summary: RunSummary;
  readonly family: readonly StoredRun[];
  readonly journal: readonly JournalRow[];
  readonly artefacts: readonly ArtefactRecord[];
  readonly progress: readonly StreamProgress[];
  /** What it keeps other runs from. */
  readonly locks: readonly string[];
}

export async function loadRun(store: RunStore, summary: RunSummary): Promise<LoadedRun> {
  const { id } = summary;
  const [family, journal, artefacts, progress, locks] = await Promise.all([
    store.family(id),
    store.journal(id),
    store.artefacts(id),
    store.progress(id),
    store.locks(id),
  ]);
  return { summary, family, journal: journal ?? [], artefacts, progress, locks };
}

/** What its machine told at its end; `null`: it has not ended. */
export function outputOf({ family: [root] }: LoadedRun): Readonly<Record<string, unknown>> | null {
  return root === undefined ? null : (readSnapshot(root.record)?.output ?? null);
}

/** Why it ended as it did; `null`: nothing failed, or it has not ended. */
export function failureOf({ family: [root] }: LoadedRun): Failure | null {
  const told = root === undefined ? null : readSnapshot(root.record)?.output?.failure;
  if (told === undefined || told === null) return null;
  const { code, message, effect } = told;
  return { code, message, effect };
}
