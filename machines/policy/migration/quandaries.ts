import type { PeersView, Situation } from '../peers.ts';
import { holdsNothing, isBooted, isInPostcopy, judgePeers, mayHaveGoneOver } from '../peers.ts';

/** The ends that no program can mend, by the code of their failure: what is true and what to do. */
const quandaries = {
  splitBrain: (name: string) =>
    `both hosts run ${name}: stop one of them now, then destroy the copy that is not wanted`,
  splitBrainStopped: (name: string) =>
    `both hosts ran ${name}; the copy on the source is now suspended and the destination goes on: compare them, then destroy the one that is not wanted`,
  splitBrainEnded: (name: string) =>
    `both hosts ran ${name}, and only the copy on the source runs now: compare the disks of both before you stop it or let it go on`,
  postcopyBroken: (name: string) =>
    `the memory of ${name} is split between both hosts, and the stream between them is broken: resume nothing on the source and end nothing on the destination; mend the network, then let the source daemon go on with it (virsh migrate with --postcopy --postcopy-resume and the options of this run)`,
  postcopyHalfGone: (name: string) =>
    `post-copy of ${name} broke and what ran on the destination is gone: half of its memory is lost, and what stands paused on the source is older than its disks: destroy that, and start it anew from the disks of the destination`,
  postcopyNeverRan: (name: string) =>
    `post-copy of ${name} broke before it ran on the destination, where nothing is left of it: its copy on the source is whole, but QEMU keeps it paused in that migration, and libvirt 9.0 lets nobody resume it (virsh resume waits for a job that never ends): destroy it and start it anew from its disks on the source`,
  overtaken: (name: string) =>
    `${name} went over to the destination and does not run there now; a copy on the source has an older state of its memory: decide which one goes on, and end the other first`,
  startedThere: (name: string) =>
    `${name} was started anew on the destination while a copy of it stands on the source: that copy may be the guest with all of its memory; stop the one on the destination before you resume it, or destroy it if it is not wanted`,
  guestGone: (name: string) =>
    `${name} was shut down, destroyed or has crashed during the migration, before it went over: see why, then start it on the source`,
  guestEnded: (name: string) =>
    `${name} runs on neither host, and may have run on the destination before it ended: compare the disks of both, then start the newer one`,
  sourceNotResumed: (name: string) =>
    `${name} stands paused on the source, which could not resume it, and never ran on the destination: see why (its disks, their locks), then resume it on the source`,
  sourceNotEnded: (name: string) =>
    `${name} runs on the destination, but its paused older copy on the source could not be ended: destroy that copy, and never resume it`,
  incomingNotEnded: (name: string) =>
    `${name} is on the source as it was, but a QEMU that waits for it on the destination could not be ended: destroy it there before anything else`,
  peerUnreachable: (name: string) =>
    `it is not known where ${name} runs: see that both hosts answer, look at both, and start or resume nothing before that`,
} as const;

type Quandary = keyof typeof quandaries;

/** What an operator is told, and the stable code of it. */
export function quandaryOf(
  name: string,
  peers: PeersView | null,
  situation: Situation,
  split: 'none' | 'running' | 'stopped' | 'ended',
): { readonly code: string; readonly advice: string } {
  // To whoever reads codes a split brain is one, stopped or not.
  if (split === 'stopped')
    return { code: 'splitBrain', advice: quandaries.splitBrainStopped(name) };
  if (split === 'ended') return { code: 'splitBrain', advice: quandaries.splitBrainEnded(name) };
  const code = split === 'running' ? 'splitBrain' : kindOf(peers, situation);
  return { code, advice: quandaries[code](name) };
}

function kindOf(peers: PeersView | null, situation: Situation): Quandary {
  if (peers === null) return 'peerUnreachable';
  switch (judgePeers(peers, situation)) {
    case 'postcopyBroken':
      if (!holdsNothing(peers.destination)) return 'postcopyBroken';
      return mayHaveGoneOver(peers, situation) ? 'postcopyHalfGone' : 'postcopyNeverRan';
    case 'overtaken':
      return isBooted(peers.destination) ? 'startedThere' : 'overtaken';
    case 'guestGone':
      return hasEndedHere(peers) && !mayHaveGoneOver(peers, situation) ? 'guestGone' : 'guestEnded';
    case 'sourceToResume':
      return 'sourceNotResumed';
    case 'incomingLeft':
      return 'incomingNotEnded';
    case 'sourceStale':
    case 'halfLeft':
      return 'sourceNotEnded';
    default:
      return isInPostcopy(peers.source) ? 'postcopyBroken' : 'peerUnreachable';
  }
}

/**
 * The source itself says that its copy ended otherwise than by going over. A source that has no such
 * domain any more says nothing: Confirm takes the definition away, and a transient one has none.
 */
function hasEndedHere({ source }: PeersView): boolean {
  return source.reachable && source.domain !== null && source.domain.reason !== 'migrated';
}
