import type { RunSummary } from '../../../ports/run-store.ts';
import type { Style } from '../presenters.ts';
import { oneLine } from '../quantities.ts';
import { decisionSteps, isWaiting } from './decision-words.ts';

/**
 * What a person may do about a run that nobody drives; none where somebody does.
 *
 * @param meanwhile what goes on without a driver, where that is known
 */
export function nextSteps(run: RunSummary, meanwhile: string | null = null): string[] {
  const { id, holder, machine, parked, finishedAtEpochMs } = run;
  const hosts = machine === 'liveMigration' ? 'both hosts' : 'its host';
  if (finishedAtEpochMs !== null) return [];
  if (parked !== null)
    return [
      `look at ${hosts}: virtstate show ${id} tells what it did last`,
      `once the cause is mended: virtstate recover ${id}`,
      `where all is in order there already: virtstate recover --give-up ${id} ends it as it is and touches no host`,
    ];
  if (holder !== null && holder.alive) return [];
  if (isWaiting(run)) return [...decisionSteps(id)];
  const until = meanwhile === null ? '' : `; ${meanwhile}`;
  return [`virtstate recover ${id} takes it up where its record stands${until}`];
}

export function parkedWords({ parked }: RunSummary): string | null {
  return parked === null ? null : `${oneLine(parked.failure.message)} (${parked.failure.code})`;
}

/** A run that could not be taken up, and what to do about it. */
export function parkedLines(run: RunSummary, atEpochMs: number, style: Style): string[] {
  const steps = nextSteps(run);
  if (style === 'json') {
    const failure = run.parked?.failure ?? null;
    const line = { type: 'run.parked', at: atEpochMs, run: run.id, domain: run.subject, failure };
    return [JSON.stringify({ ...line, nextSteps: steps })];
  }
  const name = `${run.id} (${run.subject ?? run.machine})`;
  return [
    oneLine(`needs an operator: run ${name}: ${parkedWords(run) ?? ''}`),
    ...steps.map((step) => `  ${step}`),
  ];
}
