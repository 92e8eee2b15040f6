import type { StartOptions } from '../../engine/admission.ts';
import type { BusyError } from '../../engine/engine-error.ts';
import { redactText } from '../../engine/redaction.ts';
import type { RunSummary } from '../../ports/run-store.ts';
import type { Style } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { isWaiting } from '../display/records/decision-words.ts';
import { holderInShort, isDriven } from '../display/records/holder-words.ts';
import { mainStateOf } from '../display/records/main-state.ts';
import type { Output } from '../output.ts';

/**
 * Waits for what other runs hold, tells who holds it, and lets Ctrl-C give the place up.
 *
 * @returns what to start with, and what takes the handlers away again
 */
export function queueing({
  style,
  output,
  now,
}: {
  readonly style: Style;
  readonly output: Output;
  readonly now: () => number;
}): { readonly start: StartOptions; readonly release: () => void } {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new GivenUp());
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // Nothing else holds a process that only waits for others.
  const alive = setInterval(() => undefined, 60_000);
  let told = '';
  const onWait = (place: BusyError): void => {
    const { lock, holders, ahead } = place;
    const words = placeWords(place);
    if (words === told) return;
    told = words;
    const ids = holders.map(({ id }) => id);
    const line = { type: 'run.queued', at: now(), lock: redactText(lock, []), holders: ids, ahead };
    output.print(style === 'json' ? JSON.stringify(line) : words);
  };
  return {
    start: { wait: true, signal: stop.signal, onWait },
    release: () => {
      clearInterval(alive);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}

/** Somebody gave the place in the queue up: nothing was begun. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

function placeWords({ lock, holders, ahead }: BusyError): string {
  const before = ahead === 0 ? 'next in the queue' : `${ahead} before this one in the queue`;
  return oneLine(
    `waiting for ${redactText(lock, [])}${heldBy(holders)}; ${before} (Ctrl-C gives up)`,
  );
}

/** Why a run cannot begin, and what to do. */
export function busyWords({ lock, holders, ahead }: BusyError): string {
  const left = holders.find((run) => !isDriven(run));
  const before = ahead === 0 ? '' : `, and ${ahead} wait for it`;
  const todo = left === undefined ? '--wait queues behind it' : todoAbout(left);
  return oneLine(`${redactText(lock, [])} is taken${heldBy(holders)}${before}: ${todo}`);
}

const todoAbout = (left: RunSummary): string =>
  isWaiting(left)
    ? `virtstate confirm ${left.id} or virtstate undo ${left.id} ends that one`
    : `virtstate recover ${left.id} takes that one up`;

function heldBy(holders: readonly RunSummary[]): string {
  const names = holders.map(
    (run) => `run ${run.id} in the state ${mainStateOf(run.states)} (${holderInShort(run)})`,
  );
  return names.length === 0 ? '' : `, held by ${names.join(' and ')}`;
}
