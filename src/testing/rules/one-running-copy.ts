import type { DomainObservation } from '../../ports/observation.ts';
import type { Entry } from '../history.ts';
import type { WorldPicture } from '../picture.ts';
import { holdersOf, isRunning } from '../picture.ts';
import type { Rule } from '../rule.ts';

/** In peer-to-peer libvirt itself makes two where Finish is lost: seen, one has to stop so soon. */
export const splitBrainGraceMs = 2_000;

interface Doubt {
  readonly sinceEpochMs: number;
  readonly looks: number;
}

export const oneRunningCopy: Rule = {
  name: 'oneRunningCopy',
  invariant: 1,
  says: 'A guest never runs twice; where the source daemon makes two, one is stopped within 2 s.',
  when: 'always',
  begin: () => {
    /** Hosts of which nothing is heard: what runs there now nobody knows. */
    const silent = new Set<string>();
    let graceMs = 0;
    let doubt: Doubt | null = null;
    return (entry) => {
      graceMs = graceAfter(entry, graceMs);
      if (entry.kind === 'observed') {
        const { kind } = entry.observation;
        if (kind === 'connectionLost') silent.add(entry.host);
        if (kind === 'connectionRegained') silent.delete(entry.host);
        // Two that are seen after one of them has stopped are a new case.
        if (runsBy(entry.observation) === false) doubt = null;
      }
      if (entry.kind !== 'looked') return null;
      const running = runningIn(entry.picture).filter(({ uri }) => !silent.has(uri));
      if (running.length < 2) {
        doubt = null;
        return null;
      }
      doubt = {
        sinceEpochMs: doubt?.sinceEpochMs ?? entry.atEpochMs,
        looks: (doubt?.looks ?? 0) + 1,
      };
      const lastsMs = entry.atEpochMs - doubt.sinceEpochMs;
      // Hosts are read one beside the other: one such look may show a guest twice that moves just now.
      const isCertain = doubt.looks > 1 || running.every(({ vcpus }) => vcpus !== null);
      if (!isCertain || lastsMs < graceMs) return null;
      return `it has run on ${running.map(({ uri }) => uri).join(' and ')} for ${lastsMs} ms`;
    };
  },
};

export function runningIn(picture: WorldPicture) {
  return holdersOf(picture).filter(isRunning);
}

/** Where we drive the phases ourselves two copies could always have been prevented. */
function graceAfter(entry: Entry, graceMs: number): number {
  if (entry.kind !== 'stateEntered') return graceMs;
  if (entry.machine === 'peer2peerMigration') return splitBrainGraceMs;
  return entry.machine === 'directMigration' ? 0 : graceMs;
}

/** Does it run now, by what its daemon tells? `null`: nothing is told of that. */
export function runsBy(observation: DomainObservation): boolean | null {
  switch (observation.kind) {
    case 'state':
      return observation.state === 'running';
    case 'resumed':
      return true;
    case 'suspended':
    case 'stopped':
    case 'connectionLost':
      return false;
    default:
      return null;
  }
}
