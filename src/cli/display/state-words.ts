import { formatBytes } from './quantities.ts';
import type { PassesEvent } from './run-events.ts';
import type { StateView } from './run-view.ts';

const markers = [
  ['guestPaused', ' [guest paused]'],
  ['guestFrozen', ' [guest frozen]'],
] as const;

/** A state for a person, marked where the guest stands still in it. */
export function describeState({ state, description, tags }: StateView): {
  readonly name: string;
  readonly description: string;
} {
  const marker = markers.find(([tag]) => tags.includes(tag))?.[1] ?? '';
  return { name: `${state}${marker}`, description };
}

/** `pass 3 of the memory, at best 12.0 MiB left; a stall after 2 more without gain`. */
export function describePasses(passes: PassesEvent): string {
  const { completed, leastRemainingBytes, untilStall, untilPostcopy } = passes;
  const best =
    leastRemainingBytes === null ? '' : `, at best ${formatBytes(leastRemainingBytes)} left`;
  const parts = [
    `${completed} ${completed === 1 ? 'pass' : 'passes'} over the memory done${best}`,
    untilStall === null || untilStall === 0 ? '' : `a stall after ${untilStall} more without gain`,
    untilPostcopy === null || untilPostcopy === 0 ? '' : `post-copy after ${untilPostcopy} more`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}
