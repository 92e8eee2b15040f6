import { toFailure } from '../../ports/failure.ts';
import type { Log } from '../../ports/log.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { RegisteredMachine } from '../registry.ts';
import { InspectedFamily } from './inspected-family.ts';
import type { InspectionMessage } from './message.ts';

export type Inspect = (message: InspectionMessage) => void;

interface InspectionParts {
  readonly store: Pick<RunStore, 'journal' | 'summary'>;
  readonly machines: ReadonlyMap<string, RegisteredMachine>;
  readonly log: Log;
  readonly inspect: Inspect;
}

interface Followed {
  readonly family: InspectedFamily;
  /** Rows of its journal that were told. */
  taken: number;
}

/**
 * Tells every step of every run as `@statelyai/inspect` does. It reads what is on record, so a run that
 * was taken over is told from its beginning.
 */
export class Inspection {
  readonly #parts: InspectionParts;
  readonly #followed = new Map<string, Followed>();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: InspectionParts) {
    this.#parts = parts;
  }

  /** Something of this family went on record. */
  stepped({ id, machine }: { readonly id: string; readonly machine: string }): void {
    this.#work = this.#work.then(() => this.#read(id, machine));
  }

  /** Resolves when everything that is on record was told. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #read(id: string, machineId: string): Promise<void> {
    const { inspect, log, machines, store } = this.#parts;
    const machine = machines.get(machineId);
    if (machine === undefined) return;
    try {
      const followed = this.#followed.get(id) ?? {
        family: new InspectedFamily(id, machine),
        taken: 0,
      };
      this.#followed.set(id, followed);
      const rows = (await store.journal(id, followed.taken)) ?? [];
      followed.taken += rows.length;
      for (const row of rows) for (const message of followed.family.take(row)) inspect(message);
    } catch (error) {
      // Whoever looks on must not keep runs from going on.
      log.warn('a run could not be inspected', { run: id, failure: toFailure(error) });
    }
  }

  /** Nothing more comes of it. */
  forget(id: string): void {
    this.#work = this.#work.then(() => void this.#followed.delete(id));
  }
}
