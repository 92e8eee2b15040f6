import type { PeersView } from '../../machines/policy/peers.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { destinationHolds, look, sourceHolds } from './hosts.ts';
import { connectionLost, operationFailed } from './peer2peer.ts';
import type { Walk } from './walk.ts';

/** Everything that either host may tell, in any order: a watch promises nothing. */
const evidence: readonly (readonly [type: string, detail?: string])[] = [
  ['source.job.started'],
  ['destination.domain.preparing'],
  ['source.mirror.created'],
  ['source.iteration'],
  ['source.migration.setup'],
  ['source.migration.pre-switchover'],
  ['source.migration.completed'],
  ['source.domain.suspended', 'migrated'],
  ['source.domain.resumed', 'unpaused'],
  ['source.domain.stopped', 'migrated'],
  ['source.domain.stopped', 'crashed'],
  ['destination.domain.resumed', 'migrated'],
  ['destination.domain.suspended', 'paused'],
  ['destination.domain.stopped', 'failed'],
  ['source.connection.lost'],
  ['source.connection.regained'],
  ['destination.connection.lost'],
];

const looks: readonly (readonly [SourceHolding, DestinationHolding])[] = keysOf(
  sourceHolds,
).flatMap((source) => keysOf(destinationHolds).map((there) => [source, there] as const));

/** One thing that can happen next. */
interface Move {
  readonly name: string;
  readonly play: () => void;
}

/**
 * Plays the world against a chart: any event, any answer, any timer at any moment. A move is
 * chosen by a kind and a number, so that a walk is a list of numbers that can be shrunk.
 */
export class Adversary {
  readonly walk: Walk;
  /** What was really told on the walk, whatever the chart made of it. */
  readonly events = new Set<string>();
  readonly looks: (readonly [SourceHolding, DestinationHolding])[] = [];
  readonly replies: string[] = [];
  readonly played: string[] = [];

  constructor(walk: Walk) {
    this.walk = walk;
  }

  get isOver(): boolean {
    return this.walk.snapshot.status !== 'active';
  }

  play(kind: number, choice: number): void {
    const told = this.#evidence();
    const answers = this.#answers();
    const kinds = [told, told, answers, answers, answers, this.#timers()];
    const chosen = kinds[kind % kinds.length] ?? told;
    const moves = chosen.length > 0 ? chosen : told;
    const move = moves[choice % moves.length];
    if (move === undefined) throw new Error('nothing can be told');
    this.played.push(move.name);
    move.play();
  }

  /** The worst that can come: every call fails, and then the time for answers runs out. */
  failEverything(): void {
    for (
      let call = this.effectsInFlight()[0];
      call !== undefined;
      [call] = this.effectsInFlight()
    ) {
      this.played.push(`${call} fails`);
      this.walk.fail(call, connectionLost);
    }
    if (!this.isOver) this.walk.elapse('peerWait');
  }

  effectsInFlight(): string[] {
    return [...this.walk.inFlight.keys()].filter((id) => !id.startsWith('watch'));
  }

  #evidence(): Move[] {
    const told = evidence.map(([type, detail]) => ({
      name: type,
      play: () => {
        this.events.add(detail === undefined ? type : `${type} ${detail}`);
        this.walk.see(type, detail);
      },
    }));
    const abort = () => void this.walk.send({ type: 'abort.requested' });
    return [...told, { name: 'abort.requested', play: abort }];
  }

  #answers(): Move[] {
    return [...this.walk.inFlight.values()].flatMap(({ id, src }) => [
      ...this.#successes(id, src),
      ...[operationFailed, connectionLost].map((failure) => ({
        name: `${id} fails: ${failure.code}`,
        play: () => {
          this.replies.push(`${id} ${failure.code}`);
          this.walk.fail(id, failure);
        },
      })),
    ]);
  }

  #successes(id: string, src: string): Move[] {
    if (src.startsWith('watch')) return [];
    if (src === 'inspectPeers')
      return looks.map((seen) => ({
        name: `${id}: ${seen.join(', ')}`,
        play: () => {
          this.looks.push(seen);
          this.walk.done(id, look(...seen) satisfies PeersView);
        },
      }));
    const play = () => {
      this.replies.push(`${id} done`);
      this.walk.done(id, { atEpochMs: 900 });
    };
    return [{ name: `${id} done`, play }];
  }

  #timers(): Move[] {
    const names = [...this.walk.timers.keys()].map((id) => id.split('.')[2] ?? id);
    return names.map((name) => ({ name, play: () => void this.walk.elapse(name) }));
  }
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record).filter((key): key is Key => key in record);
}
