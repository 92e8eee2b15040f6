import { volumeSwap } from '../../machines/index.ts';
import type { BoundMachine, EffectSlot, SlotsOf, Tools } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { doneAgain } from './done-again.ts';
import { aboutOneHost, frameSlots, watchesDomain } from './one-host.ts';
import { undefinedMeanwhileSlots } from './undefined-meanwhile.ts';
import {
  beginSwap,
  copyOffline,
  dropSwaps,
  lookAtSwaps,
  makeVolume,
  pivotSwap,
  removeFree,
  resizeDisk,
} from './volume-swap-effects.ts';
import { gatherVolumeSwap } from './volume-swap-facts.ts';
import { persistSwap } from './volume-swap-persist.ts';

/** The chart `volume-swap` over the ports of a host: block jobs, definitions and image files. */
export function volumeSwapSlots(hypervisors: Hypervisors): SlotsOf<typeof volumeSwap> {
  /** What came of it after a crash of ours, a look or an event has to tell. */
  const once = <Input, Output>(
    effect: (hypervisors: Hypervisors, input: Input, tools: Tools) => Promise<Output>,
  ): EffectSlot<Input, Output> => ({
    kind: 'effect',
    recovery: 'unknown',
    run: (input, tools) => effect(hypervisors, input, tools),
  });
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherVolumeSwap),
    watchDomain: watchesDomain(hypervisors),
    ...undefinedMeanwhileSlots(hypervisors),
    makeVolume: doneAgain(hypervisors, makeVolume),
    beginSwap: once(beginSwap),
    copyOffline: doneAgain(hypervisors, copyOffline),
    lookAtSwaps: doneAgain(hypervisors, lookAtSwaps),
    pivotSwap: once(pivotSwap),
    dropSwaps: doneAgain(hypervisors, dropSwaps),
    persistSwap: doneAgain(hypervisors, persistSwap),
    resizeDisk: doneAgain(hypervisors, resizeDisk),
    removeVolumes: doneAgain(hypervisors, removeFree),
  };
}

export function bindVolumeSwap(hypervisors: Hypervisors): BoundMachine {
  return bind(volumeSwap, volumeSwapSlots(hypervisors), { about: aboutOneHost });
}
