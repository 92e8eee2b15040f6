import type { EventObject } from 'xstate';

import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { Acting, Sender } from './acting.ts';
import { ActiveRun, artefactsOf } from './active-run.ts';
import { doneEvent, failedEvent } from './actor-events.ts';
import type { Command } from './commands.ts';
import { enteredStates, namesOf } from './entered-states.ts';
import { noteStep } from './note-step.ts';
import type { Step } from './stepper.ts';
import type { Turn, TurnLoop } from './turn-loop.ts';

/** A run whose first step is computed and not yet on record. */
export interface Beginning {
  readonly run: ActiveRun;
  readonly input: unknown;
  readonly step: Step;
}

/** What a machine's steps change: its record, its timers, its actors, its children and its parent. */
export class Driver {
  readonly #loop: TurnLoop;
  readonly #acting: Acting;

  constructor(parts: { readonly loop: TurnLoop; readonly acting: Acting }) {
    this.#loop = parts.loop;
    this.#acting = parts.acting;
  }

  /** An event on its way to a run: taken with the next turn, if it still counts then. */
  deliver(run: ActiveRun, event: EventObject, sender: Sender): void {
    const { effectKey, ends, isCurrent, timerId } = sender;
    const clean = run.family.secrets.clean(event);
    this.#loop.enqueue((turn) => {
      if (run.isFinished || run.family.isOver || !isCurrent()) return;
      if (timerId !== undefined) {
        run.timers.delete(timerId);
        turn.in(run.family).touchTimers(run);
      }
      if (ends !== undefined) run.actors.delete(ends);
      this.step(turn, run, clean, effectKey);
    });
  }

  begin(turn: Turn, { run, input, step }: Beginning): void {
    const changes = turn.in(run.family);
    run.family.runs.set(run.id, run);
    run.snapshot = step.snapshot;
    changes.tellings.push({ type: 'run.started', ...changes.of(run), input });
    if (run.artefacts !== null) changes.touchArtefacts(run);
    const event = { type: 'xstate.init', input };
    const entered = enteredStates(null, step.path);
    noteStep(changes, run, { event, from: [], entered, effectKey: null });
    this.#obey(turn, run, step.commands);
    this.#endIfOver(turn, run);
  }

  /** @param event without secrets */
  step(turn: Turn, run: ActiveRun, event: EventObject, effectKey: string | null): void {
    if (run.isFinished || run.family.isOver) return;
    const changes = turn.in(run.family);
    const before = run.snapshot;
    try {
      const step = run.machine.stepper.next(before, event);
      run.snapshot = step.snapshot;
      if (artefactsOf(before) !== run.artefacts) changes.touchArtefacts(run);
      const entered = enteredStates(before, step.path);
      noteStep(changes, run, { event, from: namesOf(before), entered, effectKey });
      this.#obey(turn, run, step.commands);
      this.#endIfOver(turn, run);
    } catch (error) {
      this.#break(turn, run, toFailure(error));
    }
  }

  #obey(turn: Turn, run: ActiveRun, commands: readonly Command[]): void {
    const changes = turn.in(run.family);
    for (const command of commands) {
      switch (command.do) {
        case 'startActor':
          this.#startActor(turn, run, command);
          break;
        case 'stopActor':
          this.#stopActor(turn, run, command.id);
          break;
        case 'armTimer': {
          const { id, delayMs, event } = command;
          run.disarm(id);
          run.timers.set(id, { dueAtEpochMs: turn.atEpochMs + delayMs, event, disarm: null });
          changes.touchTimers(run);
          changes.acts.push(() => this.#acting.arm(run, id));
          break;
        }
        case 'cancelTimer':
          if (run.timers.has(command.id)) changes.touchTimers(run);
          run.disarm(command.id);
          break;
        case 'sendTo': {
          const child = run.children.get(command.actorId);
          if (child !== undefined)
            this.#loop.enqueue((next) => this.step(next, child, command.event, null));
          break;
        }
      }
    }
  }

  #startActor(turn: Turn, run: ActiveRun, command: Command & { do: 'startActor' }): void {
    const { id, src, input } = command;
    const key = run.enter(id);
    const machine = run.machine.children[src];
    if (machine === undefined) {
      run.actors.set(id, { key, abort: new AbortController() });
      turn.in(run.family).acts.push(() => this.#acting.start(run, { id, src, input }, 'first'));
      return;
    }
    const child = new ActiveRun({
      id: key,
      family: run.family,
      machine,
      parent: { runId: run.id, invokeId: id },
      startedAtEpochMs: turn.atEpochMs,
    });
    run.children.set(id, child);
    this.begin(turn, { run: child, input, step: machine.stepper.start(input) });
  }

  #stopActor(turn: Turn, run: ActiveRun, invokeId: string): void {
    const actor = run.actors.get(invokeId);
    run.actors.delete(invokeId);
    if (actor !== undefined) turn.in(run.family).stopped.push(actor.abort);
    const child = run.children.get(invokeId);
    run.children.delete(invokeId);
    if (child !== undefined && !child.isFinished) this.#close(turn, child, 'stopped');
  }

  /** Ends a run with everything that it has in flight. */
  #close(turn: Turn, run: ActiveRun, outcome: string): void {
    const changes = turn.in(run.family);
    run.finish(turn.atEpochMs, outcome);
    changes.touch(run);
    if (run.timers.size > 0) changes.touchTimers(run);
    for (const id of run.timers.keys()) run.disarm(id);
    for (const id of [...run.actors.keys(), ...run.children.keys()]) this.#stopActor(turn, run, id);
    run.family.runs.delete(run.id);
  }

  #endIfOver(turn: Turn, run: ActiveRun): void {
    const { status, output, error } = run.snapshot;
    if (status === 'active') return;
    if (status === 'error') {
      this.#break(turn, run, toFailure(error));
      return;
    }
    this.#close(turn, run, outcomeOf(output));
    const changes = turn.in(run.family);
    const { atEpochMs } = turn;
    changes.tellings.push({ type: 'run.finished', ...changes.of(run), output });
    if (run.parent === null) changes.ending = { ended: 'finished', output, atEpochMs };
    this.#tellParent(run, (id) => doneEvent(id, output));
  }

  /** The machine itself failed: nothing more can be decided, and the record says so. */
  #break(turn: Turn, run: ActiveRun, cause: Failure): void {
    const failure = run.family.secrets.clean(cause);
    const changes = turn.in(run.family);
    const states = namesOf(run.snapshot);
    this.#close(turn, run, 'broken');
    changes.journal.push({
      runId: run.id,
      atEpochMs: turn.atEpochMs,
      event: { type: 'virtstate.broken', failure },
      from: states,
      to: states,
      effectKey: null,
    });
    changes.tellings.push({ type: 'run.broken', ...changes.of(run), failure });
    if (run.parent === null)
      changes.ending = { ended: 'broken', failure, atEpochMs: turn.atEpochMs };
    this.#tellParent(run, (id) => failedEvent(id, failure));
  }

  #tellParent(run: ActiveRun, event: (invokeId: string) => EventObject): void {
    if (run.parent === null) return;
    const { invokeId, runId } = run.parent;
    const parent = run.family.runs.get(runId);
    // Within the same turn, so within the same transaction as the child's end.
    this.#loop.enqueue((turn) => {
      // A child that was left in the meantime has nothing to say any more.
      if (parent?.children.get(invokeId) !== run) return;
      parent.children.delete(invokeId);
      this.step(turn, parent, event(invokeId), run.id);
    });
  }
}

/** As its machine says it; a machine that says nothing has completed. */
function outcomeOf(output: unknown): string {
  const { outcome }: { readonly outcome?: unknown } = Object(output);
  return typeof outcome === 'string' ? outcome : 'completed';
}
