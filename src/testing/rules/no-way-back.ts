import type { Rule } from '../rule.ts';

export const noWayBack: Rule = {
  name: 'noWayBack',
  invariant: 8,
  says: 'Past the point of no return nothing is rolled back.',
  when: 'always',
  begin: () => {
    /** The state past which there was none, of each run. */
    const passed = new Map<string, string>();
    return (entry) => {
      if (entry.kind === 'stateEntered') {
        const { runId, state, tags } = entry;
        const point = passed.get(runId);
        if (point !== undefined && tags.includes('rollingBack'))
          return `${state} was entered after ${point}`;
        if (tags.includes('pointOfNoReturn')) passed.set(runId, point ?? state);
      }
      if (entry.kind !== 'runFinished') return null;
      const point = passed.get(entry.runId);
      passed.delete(entry.runId);
      const isBack = point !== undefined && entry.end.outcome === 'rolledBack';
      return isBack ? `the run ended rolled back after ${point}` : null;
    };
  },
};
