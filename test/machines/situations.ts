import type { Situation } from '../../machines/policy/peers.ts';

/** A guest that ran before, and of which nothing was seen on the destination. */
export const ran: Situation = {
  guestWasPaused: false,
  mayHaveSwitched: false,
  ranThere: false,
  mayHaveRunThere: false,
  finishLeavesDefinition: false,
  drivesJob: false,
};
export const stood: Situation = { ...ran, guestWasPaused: true };
export const switched = { mayHaveSwitched: true };
export const ranThere = { mayHaveSwitched: true, mayHaveRunThere: true };
