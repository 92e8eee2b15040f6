import { describe, expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { coldSimulated } from '../support/simulated-cold.ts';
import { snapshotSimulated } from '../support/simulated-domain-snapshot.ts';
import { uuid } from '../support/simulated-host.ts';
import { revertSimulated } from '../support/simulated-revert.ts';
import type { OnTheWay, Stage } from '../support/simulated-runs.ts';
import { memoryPath, savingSimulated } from '../support/simulated-saving.ts';

const unending = new AbortController().signal;
const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;
const cutOff = () =>
  new FailureError({ code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' });

type Call =
  'start' | 'managedSave' | 'saveTo' | 'restoreFrom' | 'createSnapshot' | 'revertToSnapshot';

/** Whoever makes that call is cut off at once; its daemon reads it half a second later. */
function heardLate(call: Call): OnTheWay {
  let stage: Stage | null = null;
  let struck = false;
  const cutsOff = async (make: () => Promise<unknown>, given: readonly unknown[]) => {
    if (struck || stage === null) return make();
    struck = true;
    const { hand, later } = stage;
    const late = [...given.slice(0, -1), unending];
    later(500, () => void Reflect.apply(hand[call], hand, late));
    throw cutOff();
  };
  return {
    onState: (_, now) => {
      stage = now;
    },
    through: hooked({ [call]: cutsOff }),
  };
}

const saved = (hand: Hypervisor): Promise<void> => hand.managedSave(uuid, plainly, unending);
const filed = (hand: Hypervisor): Promise<void> => hand.saveTo(uuid, memoryPath, plainly, unending);
const file = memoryPath;

describe('a call that its daemon reads late is waited for, since nothing is seen of it yet:', () => {
  const ways: readonly (readonly [string, () => Promise<{ readonly output: object }>])[] = [
    ['save', () => savingSimulated(heardLate('managedSave'))],
    [
      'saveTo',
      () => savingSimulated({ ...heardLate('saveTo'), request: { action: 'saveTo', file } }),
    ],
    [
      'start',
      () => savingSimulated({ ...heardLate('start'), before: saved, request: { action: 'start' } }),
    ],
    [
      'restore',
      () =>
        savingSimulated({
          ...heardLate('restoreFrom'),
          before: filed,
          request: { action: 'restore', file },
        }),
    ],
    ['cold snapshot', () => coldSimulated(heardLate('managedSave'))],
    ['snapshot', () => snapshotSimulated(heardLate('createSnapshot'))],
    ['revert', () => revertSimulated(heardLate('revertToSnapshot'))],
    ['keeping the state before a revert', () => revertSimulated(heardLate('createSnapshot'))],
  ];

  test.each(ways)('%s', async (_, run) => {
    const { output } = await run();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
  });
});
