import type { DomainEvent } from '../domain-events.ts';

type JobEvent = { readonly event: Extract<DomainEvent, { readonly job: unknown }> };
type GuestEvent = { readonly event: Extract<DomainEvent, { readonly detail: string }> };
type TimedEvent = { readonly event: Extract<DomainEvent, { readonly atEpochMs: number }> };

/** What became of a block job, on record. */
export const notesJob = {
  actions: { type: 'noteJob', params: ({ event }: JobEvent) => event },
} as const;
/** How the guest stands, on record. */
export const notesGuest = {
  actions: { type: 'noteGuest', params: ({ event }: GuestEvent) => event },
} as const;

/** When it happened, as a param. */
export const whenOf = ({ event }: TimedEvent) => ({ atEpochMs: event.atEpochMs });
