import type { DomainObservation } from '../ports/observation.ts';
import type { Entry } from './history.ts';

/** One thing that happened on the way, for a person. */
export interface Step {
  readonly atEpochMs: number;
  /** A machine, or a host by its URI. */
  readonly who: string;
  readonly what: string;
}

/** `null`: it is no step of the way. */
export function stepOf(entry: Entry): Step | null {
  const { atEpochMs } = entry;
  switch (entry.kind) {
    case 'observed':
      return { atEpochMs, who: entry.host, what: wordsOf(entry.observation) };
    case 'resumed':
      return { atEpochMs, who: entry.runId, what: `goes on in ${entry.states.join(', ')}` };
    case 'stateEntered':
      return { atEpochMs, who: entry.machine, what: `enters ${entry.state}` };
    case 'runFinished':
      return { atEpochMs, who: entry.runId, what: `ends ${entry.end.outcome}` };
    case 'runBroken':
      return { atEpochMs, who: entry.runId, what: `breaks: ${entry.message}` };
    case 'asked':
    case 'askedChange':
    case 'looked':
    case 'progressed':
      return null;
  }
}

function wordsOf(observation: DomainObservation): string {
  const { atEpochMs: _, ...told } = observation;
  return Object.values(told).join(' ');
}
