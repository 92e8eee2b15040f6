import { expect } from 'vitest';
import type { AnyStateMachine } from 'xstate';

import { describePaths } from '../../src/testing/index.ts';
import { hasEntry } from '../unit/docs/playbook.ts';

/**
 * Each path that the chart needs is played on the engine: that it finds them at all proves that every
 * state, transition and failure of a call is reached. Where one ends with an operator, the playbook of
 * docs/operations.md has to know why.
 */
export function playOnEngine(machine: AnyStateMachine): void {
  describePaths(machine, {
    world: () => ({}),
    onState: async ({ script, state, states }) => {
      expect(script.run.states()).toContain(state);
      expect(script.run.states()).toHaveLength(states.length);
      if (state !== 'needsOperator') return;
      const ending = await script.run.wait();
      const { failure }: { failure?: { code?: unknown } } =
        ending.ended === 'finished' ? Object(ending.output) : {};
      const name = machine.id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const code = String(failure?.code);
      expect(hasEntry(name, code), `docs/operations.md has an entry for ${code}`).toBe(true);
    },
  });
}
