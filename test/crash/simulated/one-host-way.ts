import { guest, hosts } from './one-host-guest.ts';
import type { OneHostScenario } from './scenario.ts';

export const ours = { domain: 'guest', host: 'simulated:///hostA', peerWaitMs: 120_000 } as const;

type Spec = Pick<OneHostScenario, 'name' | 'machine' | 'run'> & Partial<OneHostScenario>;

/** One that comes to what it was asked for, with nothing special about it but what is told. */
export const way = (spec: Spec): OneHostScenario => ({
  kind: 'oneHost',
  hosts,
  domain: guest,
  faults: [],
  command: null,
  outcome: 'completed',
  decisive: 'any',
  also: [],
  prepare: () => Promise.resolve(),
  wanted: {},
  wentBack: null,
  ...spec,
});

/**
 * Of what nobody can tell whether it was done, and what is not done twice blindly, the guest is better
 * without: a freeze, a save, a snapshot, a merge that has not begun.
 */
export const mayBreakOff = { also: ['rolledBack interrupted'] } as const;
