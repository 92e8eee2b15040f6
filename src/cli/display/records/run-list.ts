import type { RunSummary } from '../../../ports/run-store.ts';
import { formatMoment, oneLine } from '../quantities.ts';
import { toTable } from '../table.ts';
import { holderInShort } from './holder-words.ts';
import { mainStateOf } from './main-state.ts';

const head = ['RUN', 'WORKFLOW', 'DOMAIN', 'STATE', 'SINCE', 'DRIVEN BY'];

/** Runs for a person, one a line. `idLength`: as many characters as tell their ids apart. */
export function toRunTable(runs: readonly RunSummary[], idLength: number): string[] {
  return toTable(
    head,
    runs.map((run) => [
      run.id.slice(0, idLength),
      run.machine,
      oneLine(run.subject ?? '-'),
      run.outcome ?? mainStateOf(run.states),
      formatMoment(run.startedAtEpochMs),
      holderInShort(run),
    ]),
  );
}

/** What every line about a run on record says of it. */
export function toRunObject(run: RunSummary) {
  const { id, machine, version, subject, startedAtEpochMs, finishedAtEpochMs } = run;
  const { outcome, states, holder, parked } = run;
  return {
    run: id,
    machine,
    version,
    domain: subject,
    startedAt: startedAtEpochMs,
    finishedAt: finishedAtEpochMs,
    outcome,
    states: [...states],
    drivenBy:
      holder === null
        ? null
        : {
            pid: holder.pid,
            host: holder.hostname,
            alive: holder.alive,
            heartbeatAt: holder.heartbeatAtEpochMs,
          },
    parked: parked === null ? null : { at: parked.atEpochMs, failure: parked.failure },
  };
}
