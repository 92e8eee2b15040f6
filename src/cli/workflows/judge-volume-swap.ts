import type { VolumeSwapInput } from '../../../machines/index.ts';
import { nothingYet } from '../../../machines/policy/one-host/one-host.ts';
import { volumeSwapVerdicts } from '../../../machines/policy/volume-swap/checks.ts';
import { beforeVolumeSwap } from '../../../machines/policy/volume-swap/volume-swap.ts';
import { volumeSwapSlots } from '../../bindings/volume-swap.ts';
import type { Judge } from './judges.ts';
import { toolsFor } from './judges.ts';

export const judgeVolumeSwap: Judge<VolumeSwapInput> = async (composition, input, signal) => {
  const { gatherFacts } = volumeSwapSlots(composition.hypervisors);
  const facts = await gatherFacts.run(input, toolsFor(composition, signal));
  const context = { ...input, ...nothingYet, ...beforeVolumeSwap, facts };
  return { verdicts: volumeSwapVerdicts(context) };
};
