import { peer2peerMigration } from '../../machines/index.ts';
import type { ProtocolInput } from '../../machines/index.ts';
import { input } from './protocol.ts';
import { Walk } from './walk.ts';

export {
  budgeted,
  connectionLost,
  copyingInput,
  input,
  operationFailed,
  outputOf,
  planned,
  postcopyInput,
} from './protocol.ts';

export const migrate = (change: Partial<ProtocolInput> = {}): Walk =>
  new Walk(peer2peerMigration, { ...input, ...change });

/** The state that each event leads to; `mirroring` comes only where storage is copied. */
const timeline = [
  ['requesting', []],
  ['begin3', ['source.job.started']],
  ['prepare', ['destination.domain.preparing']],
  ['perform3.mirroring', ['source.mirror.created']],
  ['perform3.precopying', ['source.migration.setup', 'source.migration.active']],
  ['perform3.switchingOver', ['source.domain.suspended', 'source.migration.pre-switchover']],
  ['perform3Done', ['source.migration.completed']],
  ['finish3', ['destination.domain.resumed']],
  ['confirm3', ['source.domain.stopped']],
] as const;

export type PhaseState = (typeof timeline)[number][0];
export const phaseStates: readonly PhaseState[] = timeline.map(([state]) => state);
export const copiesOnly = 'perform3.mirroring' satisfies PhaseState;

/** Lets both hosts tell what they tell on the way from where the walk is to that phase. */
export function advance(walk: Walk, to: PhaseState): Walk {
  const here = timeline.findIndex(([state]) => walk.isIn(`migrating.phases.${state}`));
  const copies = walk.snapshot.context.call.copyDisks.length > 0;
  const stretch = timeline.slice(here + 1, phaseStates.indexOf(to) + 1);
  for (const [state, events] of stretch)
    if (copies || state !== copiesOnly)
      for (const event of events)
        walk.see(event, event.includes('.domain.') ? 'migrated' : undefined);
  return walk;
}
