import type { CommitBatch, RunStore } from '../../../src/ports/run-store.ts';
import type { CommitStop } from './messages.ts';

/** Brings its run to a stand at one of its commits. */
export class CommitGate {
  readonly #stop: CommitStop | null;
  readonly #onCommit: (label: string) => void;
  readonly #onStand: () => void;
  #commits = 0;
  #isShut = false;

  constructor(options: {
    readonly stop: CommitStop | null;
    readonly onCommit: (label: string) => void;
    readonly onStand: () => void;
  }) {
    this.#stop = options.stop;
    this.#onCommit = options.onCommit;
    this.#onStand = options.onStand;
  }

  /** Nothing is committed any more. */
  shut(): void {
    this.#isShut = true;
  }

  /** The same store, behind this gate. */
  guard(store: RunStore): RunStore {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'commit') return (batch: CommitBatch) => this.#commit(store, batch);
        // Nobody else writes to it, and whoever looks all the time costs time.
        if (name === 'onChange') return () => () => undefined;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }

  async #commit(store: RunStore, batch: CommitBatch): Promise<void> {
    if (this.#isShut) return never;
    // Byte progress alone: nobody acts on it.
    if (batch.journal.length === 0 && batch.runs.length === 0) return store.commit(batch);
    this.#commits += 1;
    this.#onCommit(labelOf(batch));
    const isHere = this.#stop?.commit === this.#commits;
    if (isHere && this.#stop?.when === 'before') return this.#stand();
    await store.commit(batch);
    return isHere ? this.#stand() : undefined;
  }

  #stand(): Promise<never> {
    this.shut();
    this.#onStand();
    return never;
  }
}

const never = new Promise<never>(() => undefined);

/** What a commit puts on record: its first event, and how many follow. */
function labelOf({ journal }: CommitBatch): string {
  const events = journal.map(({ event }) => event.type.replace(/^xstate\./, ''));
  const [first = 'nothing', ...rest] = events;
  return rest.length === 0 ? first : `${first} (+${rest.length})`;
}
