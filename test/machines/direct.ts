import { directMigration } from '../../machines/index.ts';
import type { ProtocolInput } from '../../machines/index.ts';
import { input } from './protocol.ts';
import { Walk } from './walk.ts';

/** Where a migration that we drive may stand, each with what leads there from the one before. */
const way = [
  ['linking', () => undefined],
  ['begin3', (walk: Walk) => walk.see('link.opened')],
  ['prepare', (walk: Walk) => walk.done('begin', { atEpochMs: 20 })],
  ['perform3', (walk: Walk) => walk.done('prepare', { atEpochMs: 30 })],
  ['finish3', (walk: Walk) => walk.done('perform', { atEpochMs: 40 })],
  ['confirm3', (walk: Walk) => walk.done('finish', { holds: 'guest', atEpochMs: 50 })],
] as const;

export type DirectState = (typeof way)[number][0];
export const directStates: readonly DirectState[] = way.map(([state]) => state);

/** The call that is in flight in each state. */
export const callOf = {
  begin3: 'begin',
  prepare: 'prepare',
  perform3: 'perform',
  finish3: 'finish',
  confirm3: 'confirm',
} as const satisfies Partial<Record<DirectState, string>>;

export const direct = (change: Partial<ProtocolInput> = {}): Walk =>
  new Walk(directMigration, { ...input, ...change });

/** Every call succeeds up to that state, in which the next one is in flight. */
export function directTo(state: DirectState, change: Partial<ProtocolInput> = {}): Walk {
  const walk = direct(change);
  for (const [, lead] of way.slice(0, directStates.indexOf(state) + 1)) lead(walk);
  return walk;
}

export const execution = 'migrating.execution';
export const isAt = (walk: Walk, state: string): boolean => walk.isIn(`${execution}.${state}`);
