import type { RunStore } from '../../ports/run-store.ts';
import { runEventTypes } from '../../requests/index.ts';
import type { RunTeller } from '../../service/index.ts';
import { toRunObject } from '../display/records/run-list.ts';
import { toRunDetails, toStepObject } from '../display/records/run-page.ts';
import { loadRun } from '../records/load-run.ts';
import { pathOf } from '../records/stored-path.ts';
import { standingOf } from '../records/stored-machines.ts';
import { commandFor } from '../tuning/parse-command.ts';

/** Tells runs over HTTP with the words of `show --json` and `runs --json`, and commands as the events that they are. */
export function createRunTeller(store: RunStore): RunTeller {
  return {
    toRun: toRunObject,
    toDetails: async (summary) => {
      const run = await loadRun(store, summary);
      const commands = standingOf(run.family)?.allowed ?? null;
      return {
        ...toRunDetails(run),
        allowed: commands?.map(eventTypeOf) ?? null,
      };
    },
    toSteps: async (rootId, journal) => {
      const family = await store.family(rootId);
      return pathOf({ family, journal, rootId }).map(toStepObject);
    },
  };
}

const eventTypeOf = (command: string): string =>
  runEventTypes.find((type) => commandFor(type) === command) ?? command;
