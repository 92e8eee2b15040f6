import { toFailure } from '../ports/failure.ts';
import type { Failure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { RunStore, TakenOver } from '../ports/run-store.ts';
import type { Acting, Invocation } from './acting.ts';
import type { ActiveRun } from './active-run.ts';
import { namesOf } from './entered-states.ts';
import type { Family } from './family.ts';
import { ProgressBook } from './progress-book.ts';
import type { RegisteredMachine } from './registry.ts';
import type { RevivedRun } from './revive.ts';
import { revive } from './revive.ts';
import type { TurnLoop } from './turn-loop.ts';

/** A run that fits no machine here: its record stays as it is. */
export interface ParkedRun {
  readonly id: string;
  readonly failure: Failure;
}

interface RecoveryParts {
  readonly store: RunStore;
  readonly log: Log;
  readonly machines: ReadonlyMap<string, RegisteredMachine>;
  readonly loop: TurnLoop;
  readonly acting: Acting;
  /** From here on the family is driven by this engine. */
  readonly adopt: (family: Family) => void;
}

/** Goes on with what earlier processes left unfinished. */
export class Recovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** @throws StoreError: nothing was taken over */
  async run(only?: readonly string[]): Promise<{
    readonly resumed: readonly Family[];
    readonly parked: readonly ParkedRun[];
  }> {
    const { log, store } = this.#parts;
    const ready: { readonly family: Family; readonly runs: readonly RevivedRun[] }[] = [];
    const parked: ParkedRun[] = [];
    for (const taken of await store.takeOver(only)) {
      try {
        const judged = await this.#judge(taken);
        if ('failure' in judged) parked.push(judged);
        else ready.push(judged);
      } catch (error) {
        // What cannot be read now may be taken over later, or by somebody else.
        log.error('a run could not be taken over', {
          run: taken.rootId,
          failure: toFailure(error),
        });
        await store.release([taken.rootId]).catch(() => undefined);
      }
    }
    for (const { family, runs } of ready) this.#resume(family, runs);
    return { resumed: ready.map(({ family }) => family), parked };
  }

  async #judge(
    taken: TakenOver,
  ): Promise<{ readonly family: Family; readonly runs: readonly RevivedRun[] } | ParkedRun> {
    const { machines, store } = this.#parts;
    const revival = revive(taken, machines);
    if (!revival.fits) return this.#park(taken.rootId, revival.reasons);
    const { family, runs } = revival;
    for (const { record } of taken.runs) {
      const reason = await family.secrets.fetch(record.snapshot, store).then(
        () => null,
        (error: unknown) => toFailure(error).message,
      );
      if (reason !== null) return this.#park(taken.rootId, [reason]);
    }
    family.progress = new ProgressBook(await store.progress(family.id));
    return { family, runs };
  }

  #resume(family: Family, runs: readonly RevivedRun[]): void {
    const { adopt, loop } = this.#parts;
    adopt(family);
    loop.enqueue((turn) => {
      const changes = turn.in(family);
      for (const { run, isUpgraded } of runs) if (isUpgraded) changes.touch(run);
      for (const { run } of runs)
        changes.tellings.push({
          type: 'run.resumed',
          ...changes.of(run),
          states: namesOf(run.snapshot),
        });
      changes.acts.push(() => runs.forEach((one) => this.#act(one)));
    });
  }

  /** Watches look anew, effects go on by their class, timers with the time that is left. */
  #act({ run, inFlight }: RevivedRun): void {
    const { acting } = this.#parts;
    for (const invocation of inFlight) {
      if (run.children.has(invocation.id)) continue;
      const manner = mannerOf(run, invocation);
      if (manner === null) acting.giveUp(run, invocation);
      else acting.start(run, invocation, manner);
    }
    for (const timerId of run.timers.keys()) acting.rearm(run, timerId);
  }

  async #park(id: string, reasons: readonly string[]): Promise<ParkedRun> {
    const failure = unfit(reasons);
    this.#parts.log.error('a run cannot be taken over', { run: id, failure });
    await this.#parts.store.park(id, failure);
    return { id, failure };
  }
}

/** `null`: it is not done again, and the machine is told that nobody knows what became of it. */
function mannerOf({ machine }: ActiveRun, { src }: Invocation): 'again' | 'adopted' | null {
  const slot = machine.slots[src];
  if (slot === undefined || slot.kind === 'watch' || slot.recovery === 'rerun') return 'again';
  return slot.recovery === 'adopt' && slot.adopt !== undefined ? 'adopted' : null;
}

function unfit(reasons: readonly string[]): Failure {
  const steps = [
    'recover it with the version of virtstate that began it',
    'or bind its machine with the upgrade that is missing, and recover again',
    'or look at the hosts, bring the domain in order by hand, and then abandon the run, which releases its locks',
  ];
  return {
    code: 'unfitSnapshot',
    message: `the run fits no machine here: ${reasons.join('; ')}. Its record is untouched and nothing was done. Next: ${steps.join('; ')}`,
    effect: 'unknown',
  };
}
