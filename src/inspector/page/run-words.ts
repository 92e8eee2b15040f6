import { moment, plain, span } from './words.ts';
import type { RunRow } from './wire.ts';

/** What a run is, in words and by one mark of its own. */
export interface Standing {
  readonly kind: 'running' | 'good' | 'asBefore' | 'bad' | 'left' | 'waiting';
  readonly words: string;
}

export function standingOf({ drivenBy, outcome, parked, states }: RunRow): Standing {
  if (outcome === 'completed') return { kind: 'good', words: 'completed' };
  if (outcome === 'needsOperator' || outcome === 'broken')
    return { kind: 'bad', words: plain(outcome) };
  if (outcome !== null) return { kind: 'asBefore', words: plain(outcome) };
  if (parked !== null) return { kind: 'bad', words: 'parked: needs an operator' };
  if (drivenBy?.alive === true) return { kind: 'running', words: 'running' };
  if (states.includes('awaitingConfirmation'))
    return { kind: 'waiting', words: 'waits for a decision' };
  return { kind: 'left', words: 'left unfinished: nobody drives it' };
}

export function driverOf({ drivenBy, finishedAt }: RunRow): string {
  if (finishedAt !== null) return '-';
  if (drivenBy === null) return 'nobody';
  const place = `pid ${drivenBy.pid} on ${drivenBy.host}`;
  return drivenBy.alive ? place : `nobody: ${place} is gone`;
}

export function sinceWords({ finishedAt, startedAt }: RunRow, nowMs: number): string {
  const began = moment(startedAt);
  return finishedAt === null
    ? `${began}, ${span(Math.max(0, nowMs - startedAt))} ago`
    : `${began}, took ${span(finishedAt - startedAt)}`;
}

/** Of all that is active, the one that tells most: the innermost of what does not rest. */
export function stateWords({ outcome, states }: RunRow): string {
  if (outcome !== null) return plain(outcome);
  const phase = states.findLast((path) => /\b(?:phases|execution)\./.test(path));
  return phase?.split('.').slice(2).join('.') ?? states.at(-1) ?? '-';
}
