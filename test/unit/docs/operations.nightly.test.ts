import { expect, test } from 'vitest';

import { allMachines } from '../../../src/diagrams/index.ts';
import type { Alphabet } from '../../../src/testing/index.ts';
import { alphabetFor, findPaths } from '../../../src/testing/index.ts';
import { Ground } from '../../../src/testing/paths/ground.ts';
import { movesIn } from '../../../src/testing/paths/moves.ts';
import type { Happening } from '../../../src/testing/paths/scene.ts';
import { begin, happen } from '../../../src/testing/paths/scene.ts';
import { withoutCall } from '../../../src/testing/paths/search.ts';
import { entryFor } from './playbook.ts';

/** The state and the code by which a machine came to need an operator; null where it did not. */
function needOf({ output, taken }: Happening): readonly [state: string, code: string] | null {
  const { failure, outcome }: { outcome?: unknown; failure?: { code?: unknown } | null } =
    Object(output);
  if (outcome !== 'needsOperator') return null;
  const last = taken.findLast(({ target }) =>
    target?.some(({ path }) => path.join('.') === 'needsOperator'),
  );
  return [last?.source.path.join('.') ?? '', String(failure?.code)];
}

test.each([...allMachines()])(
  'whatever befalls %s on any path: docs/operations.md knows the state and the code by which it ends',
  (name, machine) => {
    const alphabet: Alphabet = alphabetFor(machine);
    const { inputs, part } = new Ground(machine, alphabet, {});
    const unknown = new Set<string>();
    let needs = 0;
    for (const { inputName, steps } of findPaths(machine, alphabet).paths) {
      let { scene } = begin(part, inputs[inputName]);
      for (const step of [...steps, null]) {
        // Everything that might have happened in place of the step.
        for (const move of movesIn(scene)) {
          const need = needOf(happen(withoutCall(scene, move), move.way, move.event));
          if (need === null) continue;
          needs += 1;
          if (entryFor(name, ...need) === undefined) unknown.add(need.join(': '));
        }
        if (step !== null) scene = happen(withoutCall(scene, step), step.way, step.event).scene;
      }
    }
    expect([...unknown]).toEqual([]);
    expect(needs).toBeGreaterThan(0);
  },
  600_000,
);
