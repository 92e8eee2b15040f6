import type { RunEvent } from './run-events.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';
import type { FinishedRun, RunResult } from './run-result.ts';

/** One event of a run as the objects of its NDJSON lines. */
export function toJsonLines(event: RunEvent, header: ShownWorkflow['header']): object[] {
  const at = event.atEpochMs;
  switch (event.type) {
    case 'run.started':
      return [{ type: 'run.started', at, run: event.run, ...header }];
    case 'run.resumed': {
      const { run, machine, states } = event;
      return [{ type: 'run.resumed', at, run, ...header, machine, states }];
    }
    case 'state.entered': {
      const { machine, region, state, phase, evidence, tags, passes } = event;
      return [
        {
          type: 'state.entered',
          at,
          machine,
          ...(region === null ? {} : { region }),
          state,
          ...(phase === null ? {} : { phase }),
          ...(evidence === null ? {} : { evidence }),
          tags,
          ...(passes === null ? {} : { passes }),
        },
      ];
    }
    case 'progress':
      return event.streams.map((stream) => ({ type: 'progress', at, ...stream }));
  }
}

/** The last line of a run. */
export function toLastLine(result: RunResult): object {
  if (result.ended === 'broken')
    return { type: 'run.broken', at: result.atEpochMs, failure: result.failure };
  if (result.ended === 'left')
    return { type: 'run.left', at: result.atEpochMs, failure: result.failure };
  if (result.ended === 'waiting') {
    const { artefacts, atEpochMs, run, steps, told } = result;
    return { type: 'run.waiting', at: atEpochMs, run, ...told, artefacts, nextSteps: steps };
  }
  const { outcome, failure, downtimeMs, artefacts, startedAtEpochMs, finishedAtEpochMs } = result;
  return {
    type: 'run.finished',
    at: finishedAtEpochMs,
    outcome,
    failure,
    ...(result.nearest === undefined ? {} : { nearest: result.nearest }),
    phases: result.phases.map((phase) => toPhaseObject(phase, startedAtEpochMs)),
    downtimeMs,
    totalMs: finishedAtEpochMs - startedAtEpochMs,
    artefacts,
    ...result.told,
  };
}

function toPhaseObject(phase: FinishedRun['phases'][number], startedAtEpochMs: number): object {
  return {
    phase: phase.phase,
    state: stateOfPhase(phase.phase),
    evidence: phase.evidence,
    at: phase.atEpochMs,
    elapsedMs: phase.atEpochMs - startedAtEpochMs,
  };
}

/** The chart names its states after libvirt's phases: `PERFORM3_DONE` is `perform3Done`. */
function stateOfPhase(phase: string): string {
  return phase.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
