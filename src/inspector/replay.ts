import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { StateMachine } from 'xstate';

import { namesOf } from '../engine/entered-states.ts';
import { mapTexts, redactText } from '../engine/redaction.ts';
import type { Step } from '../engine/stepper.ts';
import { Stepper } from '../engine/stepper.ts';
import type { JournalRow, StoredRun } from '../ports/run-store.ts';
import { contextChanges } from './context-changes.ts';
import type { Frame, StartedActor } from './frame.ts';

/** The machine of a record; `null`: there is none of that version here. */
export type FindMachine = (id: string, version: string) => AnyStateMachine | null;

/** Reads the rows of a journal in their order, each once. */
export type ReadFrames = (rows: readonly JournalRow[]) => Promise<readonly Frame[]>;

/**
 * Steps the machines of a family again, by its journal alone: nothing is run, and what cannot be told
 * of a record of another version is left out.
 *
 * @param family the run at the top and all children so far; asked again when a new one appears
 */
export function replayFamily(
  family: () => Promise<readonly StoredRun[]>,
  find: FindMachine,
): ReadFrames {
  const members = new Map<string, Member>();
  const adopt = async (): Promise<void> => {
    for (const { record } of await family())
      if (!members.has(record.id))
        members.set(record.id, new Member(record, find(record.machine, record.version)));
  };
  return async (rows) => {
    if (rows.some(({ runId }) => !members.has(runId))) await adopt();
    return rows.map((row) => toFrame(row, members.get(row.runId)));
  };
}

function toFrame(row: JournalRow, member: Member | undefined): Frame {
  const { type: _, ...given } = row.event;
  const told = member?.take(row) ?? { changes: null, started: [], ended: [], over: false };
  const frame = { run: row.runId, version: member?.version ?? '', given, states: row.to, ...told };
  return mapTexts(frame, shown);
}

type Told = Pick<Frame, 'changes' | 'started' | 'ended' | 'over'>;

/** One run of the family, as it is stepped again. */
class Member {
  readonly version: string;
  readonly #runId: string;
  readonly #machine: AnyStateMachine | null;
  readonly #entries = new Map<string, number>();
  readonly #underWay = new Set<string>();
  /** `null` from where machine and record part. */
  #stepper: Stepper | null;
  #snapshot: AnyMachineSnapshot | null = null;

  constructor({ id, version }: StoredRun['record'], machine: AnyStateMachine | null) {
    this.#runId = id;
    this.version = version;
    this.#machine = machine;
    this.#stepper = machine === null ? null : new Stepper(machine);
  }

  take(row: JournalRow): Told | null {
    if (this.#stepper === null) return null;
    const { event } = row;
    // It says that the machine failed, and nothing was stepped.
    if (event.type === 'virtstate.broken')
      return { changes: [], started: [], ended: this.#over(), over: true };
    const before = this.#snapshot;
    try {
      const step =
        before === null ? this.#stepper.start(event['input']) : this.#stepper.next(before, event);
      if (!isSame(namesOf(step.snapshot), row.to)) return this.#part();
      this.#snapshot = step.snapshot;
      const changes = contextChanges(before?.context ?? {}, step.snapshot.context);
      const over = step.snapshot.status !== 'active';
      return { changes, over, ...this.#actors(step, event.type) };
    } catch {
      // Its version met this event otherwise: from here on only the record speaks.
      return this.#part();
    }
  }

  #part(): null {
    this.#stepper = null;
    return null;
  }

  #actors({ commands, snapshot }: Step, event: string): Pick<Told, 'started' | 'ended'> {
    const over = /^xstate\.(?:done|error)\.actor\.(.+)$/.exec(event)?.[1];
    const ended = over === undefined ? [] : this.#end(over);
    const started: StartedActor[] = [];
    for (const command of commands) {
      if (command.do === 'stopActor') ended.push(...this.#end(command.id));
      if (command.do !== 'startActor') continue;
      const { id, input, src } = command;
      this.#entries.set(id, (this.#entries.get(id) ?? 0) + 1);
      this.#underWay.add(id);
      started.push({ key: this.#keyOf(id), id, src, machine: this.#childOf(src), input });
    }
    if (snapshot.status !== 'active') ended.push(...this.#over());
    return { started, ended };
  }

  #end(id: string): string[] {
    return this.#underWay.delete(id) ? [this.#keyOf(id)] : [];
  }

  /** Nothing is under way in a run that has ended. */
  #over(): string[] {
    return [...this.#underWay].flatMap((id) => this.#end(id));
  }

  #keyOf(id: string): string {
    return `${this.#runId}/${id}#${this.#entries.get(id) ?? 0}`;
  }

  #childOf(src: string): string | null {
    const logic: unknown = this.#machine?.implementations.actors[src];
    return logic instanceof StateMachine ? logic.id : null;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}

/** What stands on record in place of a text that nobody may read is nothing to look at either. */
function shown(text: string): string {
  return text.startsWith('sealed:') ? '(kept secret)' : redactText(text, []);
}
