import type { Log } from '../ports/log.ts';
import { compose } from './compose.ts';
import type { SceneName, Stage } from './demo-stage.ts';
import { plainMigration } from './demo-stage.ts';

const nothing = (): void => undefined;

/** What happens in each scene: the destination's daemon dies and is started again. */
const faultsOf = {
  converges: [],
  failsInPerform: [
    { at: { phase: 'perform3', afterMs: 2_000 }, do: 'killDestinationDaemon' },
    { at: { phase: 'perform3', afterMs: 3_500 }, do: 'startDaemons' },
  ],
} as const satisfies Record<SceneName, unknown>;

/** The world of `simulated:///NAME` in real time; each scene has a world of its own. */
export function simulatedStage(log: Log, why: string): Stage {
  return {
    kind: 'simulated',
    words: `in a simulated world of two hosts, in real time, because ${why}`,
    prepare: (name) => {
      const composition = compose({ log, faults: faultsOf[name] });
      const destination = 'simulated:///hostB';
      return Promise.resolve({
        composition,
        input: plainMigration({
          domain: 'demo',
          source: 'simulated:///hostA',
          destination,
          destinationConnectUri: destination,
          bandwidthMibPerS: 0,
        }),
        onEvent: nothing,
        end: () => composition.close(),
      });
    },
  };
}
