import { describe, expect, test } from 'vitest';

import { simulatedHosts } from '../contract/simulated-hosts.ts';
import { rerunCases } from '../support/rerun-cases.ts';
import { rerunSuite, rowOf, slotsOfClass } from '../support/rerun.suite.ts';

const upTo = (calls: number): number[] => Array.from({ length: calls }, (_, index) => index + 1);

rerunSuite('the simulated world', simulatedProcesses, {
  slots: slotsOfClass('rerun'),
  timeoutMs: 60_000,
  deathsAt: upTo,
});

/** A client of the simulated world remembers nothing. */
async function simulatedProcesses() {
  const { clock, ...hosts } = await simulatedHosts();
  return { hosts, clock, newProcess: () => hosts.hypervisors, leave: () => Promise.resolve() };
}

const named = (recovery: string): string[] =>
  [...new Set(slotsOfClass(recovery).map(([, slot]) => slot))].toSorted();

describe('the effects of all machines', () => {
  test('that are done again after a crash are all in the table', () => {
    const rows = new Set(slotsOfClass('rerun').map(rowOf));
    expect([...rows].toSorted()).toEqual(Object.keys(rerunCases).toSorted());
  });

  test('that are found and followed are the call that the source daemon answers', () => {
    expect(named('adopt')).toEqual(['performMigration']);
  });

  test('that are never done again are those of a link, and those that only a fresh look allows', () => {
    expect(named('unknown')).toEqual([
      'abortSave',
      'abortSnapshot',
      'begin',
      'beginCopy',
      'beginMerge',
      'beginSwap',
      'confirm',
      'confirmCancelled',
      'copyDisk',
      'createSnapshot',
      'deleteSnapshot',
      'destroyHalf',
      'destroyIncoming',
      'destroySource',
      'dropSave',
      'endCopies',
      'finish',
      'finishCancelled',
      'freezeGuest',
      'goOnGuest',
      'keepState',
      'makeVolume',
      'perform',
      'pivotMerge',
      'pivotSwap',
      'prepare',
      'resumeAfterKeeping',
      'resumeAfterSnapshot',
      'resumeGuest',
      'resumeSource',
      'revertDomain',
      'saveGuest',
      'saveMemory',
      'suspendSource',
      'undefineDomain',
      'undefineOnSource',
    ]);
  });
});
