import type { Clock } from '../ports/clock.ts';
import type { InboxAnswer, RunStore, StoredEvent } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import { allowedEvents, judge } from './allowed-events.ts';
import { postEvent } from './remote-run.ts';
import type { RegisteredMachine } from './registry.ts';
import { revive } from './revive.ts';

/** A run on record, whoever drives it. */
export interface RunHandle {
  readonly id: string;
  /**
   * Resolves with the answer of whoever drives the run: this engine at once, another process by its
   * inbox.
   *
   * @throws EngineError notAnswered: nobody drives it, or its process does not answer. The event
   *   stays posted, and is taken when somebody recovers the run
   */
  send(event: StoredEvent): Promise<InboxAnswer>;
  /** Names of the events that its machine takes now, by its record. @throws StoreError */
  allowedEvents(): Promise<readonly string[]>;
}

interface HandleParts {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly machines: ReadonlyMap<string, RegisteredMachine>;
  /** The run, where this engine drives it now. */
  readonly driven: () => ActiveRun | null;
  readonly send: (root: ActiveRun, event: StoredEvent) => void;
}

export function handleOf(
  runId: string,
  { store, clock, machines, driven, send }: HandleParts,
): RunHandle {
  return {
    id: runId,
    send: async (event) => {
      const root = driven();
      if (root === null) return postEvent({ store, clock, runId, event });
      const answer = judge(root, event);
      if (answer.accepted) send(root, event);
      return answer;
    },
    allowedEvents: async () => {
      const root = driven() ?? (await readRoot(runId, store, machines));
      return root === null ? [] : allowedEvents(root);
    },
  };
}

/** As it stands on record; `null`: it has ended, or fits no machine here. */
async function readRoot(
  rootId: string,
  store: RunStore,
  machines: HandleParts['machines'],
): Promise<ActiveRun | null> {
  const runs = await store.family(rootId);
  const unfinished = runs.filter(({ record }) => record.finishedAtEpochMs === null);
  const revival = revive({ rootId, runs: unfinished }, machines);
  return revival.fits ? revival.family.root : null;
}
