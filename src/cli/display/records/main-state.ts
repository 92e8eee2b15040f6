import { placeOf } from '../run-events.ts';

/** The regions that speak for a protocol's chart, best first; the others tell what is done beside it. */
const mainRegions = ['phases', 'execution'] as const;

/** Of all that is active, with children: the one state that tells where the run stands. */
export function mainStateOf(states: readonly string[]): string {
  const places = states.map((path) => ({ path, ...placeOf('peer2peerMigration', path) }));
  for (const region of mainRegions) {
    const speaking = places.findLast((place) => place.region === region);
    if (speaking !== undefined) return speaking.state;
  }
  // A parent's state says only which child is at work: the innermost speaks for it.
  return places.findLast(({ region }) => region === null)?.path ?? '-';
}
