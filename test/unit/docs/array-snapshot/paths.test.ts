import { expect } from 'vitest';
import type { DomainStatus } from '../../../../src/index.ts';
import { alphabetOf, describePaths, justDone } from '../../../../src/testing/index.ts';
import { arraySnapshot } from './array-snapshot.machine.ts';

const host = 'simulated:///hostA';
const guest: DomainStatus = {
  uuid: '4dea22b3-1d52-d8f3-2516-782e98ab3fa0',
  name: 'db1',
  state: 'running',
  reason: 'booted',
  persistent: true,
  job: null,
};

/** All that may befall it, each thing once. How a call may fail stands in the package. */
const alphabet = alphabetOf(arraySnapshot, {
  inputs: { order: { host, domain: 'db1', volume: 'lun7', name: 'nightly' } },
  actors: {
    findGuest: { done: { runs: guest, isOff: { ...guest, state: 'shutoff' }, isNowhere: null } },
    suspendGuest: justDone,
    takeSnapshot: justDone,
    findSnapshot: { done: { isThere: { found: true }, isNotThere: { found: false } } },
    resumeGuest: justDone,
    watchGuest: { sends: [{ type: 'guest.ended' }] },
  },
  events: [{ type: 'abort.requested' }],
});

describePaths(arraySnapshot, {
  alphabet,
  world: () => ({}),
  onState: async ({ path, script, state, step }) => {
    if (!['completed', 'rolledBack'].includes(state)) return;
    // Whoever was asked to stand still was asked to go on.
    const names = path.steps.map(({ name }) => name);
    const suspended = names.some((name) => name.startsWith('suspend'));
    expect(names.some((name) => name.startsWith('resume: '))).toBe(suspended);
    expect(step?.states).toEqual([state]);
    expect(await script.run.wait()).toMatchObject({ ended: 'finished' });
  },
});
