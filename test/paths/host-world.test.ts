import { expect, test } from 'vitest';

import { managedSave } from '../../machines/index.ts';
import type { Path } from '../../src/testing/index.ts';
import { alphabets, findPaths, hostWorld, PathScript } from '../../src/testing/index.ts';
import type { GuestOnHost } from '../support/paths-on-hosts.ts';
import { openSimulatedGuest, savingLetters } from '../support/paths-on-hosts.ts';

const { watchDomain } = alphabets.managedSave.actors;
const all = findPaths(managedSave, alphabets.managedSave);
const watched = findPaths(
  managedSave,
  { ...savingLetters, actors: { ...savingLetters.actors, watchDomain } },
  { gaps: 'report' },
);

/** Plays a path on hosts; rejects where it cannot be. */
async function play(path: Path | null, { clock, machines }: Omit<GuestOnHost, 'look'>) {
  if (path === null) throw new Error('no path leads there');
  const script = new PathScript(managedSave, alphabets.managedSave);
  const world = hostWorld(script, path, { machines, clock, waitMs: 1_000 });
  try {
    await script.start(path.input);
    await world.restsIn(path.states);
    for (const step of path.steps) {
      if (!(await world.play(step))) await script.play(step);
      await world.restsIn(step.states);
    }
  } finally {
    await script.close();
  }
}

test('a path that the hosts cannot take fails with what they have said', async () => {
  // It leads through a guest that is off, and this one runs.
  const path = all.pathTo('working.goingOn');
  await expect(play(path, openSimulatedGuest())).rejects.toThrow(
    /should be in working.goingOn, and is in refused; gather has answered .*"state":"running"/,
  );
});

test('news that never come fail it with what was heard instead', async () => {
  const path = watched.pathTo('working: domain.started > stays');
  await expect(play(path, openSimulatedGuest())).rejects.toThrow(
    /domain.started .*: the hosts have not come to it in 1000 ms; untold: .*domain.seen/,
  );
});

test('hosts without the machine are an error that names it', async () => {
  const path = all.pathTo('claiming');
  await expect(play(path, { ...openSimulatedGuest(), machines: [] })).rejects.toThrow(
    'no machine managedSave with a slot gatherFacts is over these hosts',
  );
});
