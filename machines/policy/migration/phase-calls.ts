import type { MigrateCall } from '../../../src/ports/migration.ts';
import type { DomainOnPeers } from '../domain-on-host.ts';
import { onBoth } from '../domain-on-host.ts';
import type { Milestone } from './phases.ts';
import type { ProtocolContext } from './protocol-context.ts';

type Context = { readonly context: ProtocolContext };

/** One phase call: the link of its domain carries it. */
export type PhaseInput = DomainOnPeers & { readonly call: MigrateCall };
export interface PhaseDone {
  readonly atEpochMs: number;
}
export type FinishDone = PhaseDone & { readonly holds: 'guest' | 'nothing' };

type Done = { readonly event: { readonly output: PhaseDone } };

export const phaseInput = ({ context }: Context): PhaseInput => ({
  ...onBoth({ context }),
  call: context.call,
});

/** The call that takes up a broken post-copy: the same, with POSTCOPY_RESUME. */
export const resuming = ({ context }: Context): MigrateCall => ({
  ...context.call,
  purpose: 'resumePostcopy',
});

export const resumeInput = ({ context }: Context): PhaseInput => ({
  ...onBoth({ context }),
  call: resuming({ context }),
});

/** The phase that begins where the one before has ended. */
export const begins = (milestone: Milestone) =>
  ({
    type: 'beginPhase',
    params: ({ event }: Done) => ({ milestone, atEpochMs: event.output.atEpochMs }),
  }) as const;

/** The phase that was the call, where only its answer says so. */
export const ends = (milestone: 'finish3' | 'confirm3') =>
  ({
    type: 'endPhase',
    params: ({ event }: Done) => ({ milestone, atEpochMs: event.output.atEpochMs }),
  }) as const;

export const holdsGuest = {
  type: 'holdsGuest',
  params: ({ event }: { readonly event: { readonly output: FinishDone } }) => event.output,
} as const;
