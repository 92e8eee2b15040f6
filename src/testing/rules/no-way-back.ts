import type { Rule } from '../rule.ts';

export const noWayBack: Rule = {
  name: 'noWayBack',
  invariant: 8,
  says: 'Past the point of no return nothing is rolled back.',
  when: 'always',
  begin: () => {
    /** The state past which there was none, of each run. */
    const passed = new Map<string, string>();
    /** Those that waited for a person's word, who may have sent them back. */
    const asked = new Set<string>();
    const wait = (runId: string): void => {
      passed.delete(runId);
      asked.add(runId);
    };
    return (entry) => {
      if (entry.kind === 'resumed' && entry.states.includes('awaitingConfirmation'))
        wait(entry.runId);
      if (entry.kind === 'stateEntered') {
        const { runId, state, tags } = entry;
        const point = passed.get(runId);
        if (point !== undefined && tags.includes('rollingBack'))
          return `${state} was entered after ${point}`;
        if (tags.includes('awaitingConfirmation')) wait(runId);
        if (tags.includes('pointOfNoReturn')) passed.set(runId, point ?? state);
      }
      if (entry.kind !== 'runFinished') return null;
      const point = passed.get(entry.runId);
      passed.delete(entry.runId);
      const isBack =
        point !== undefined && !asked.has(entry.runId) && entry.end.outcome === 'rolledBack';
      asked.delete(entry.runId);
      return isBack ? `the run ended rolled back after ${point}` : null;
    };
  },
};
