import type { EventObject } from 'xstate';

import type { PeersView } from '../../machines/policy/peers.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { destinationHolds, look, sourceHolds } from './hosts.ts';
import { connectionLost, notSent, operationFailed } from './protocol.ts';
import type { Walk } from './walk.ts';

/** Everything that either host may tell, in any order: a watch promises nothing. */
const evidence: readonly (readonly [type: string, detail?: string])[] = [
  ['source.job.started'],
  ['destination.domain.preparing'],
  ['source.mirror.created'],
  ['source.migration.setup'],
  ['source.migration.pre-switchover'],
  ['source.migration.completed'],
  ['source.migration.postcopy-active'],
  ['source.migration.postcopy-paused'],
  ['source.domain.suspended', 'migrated'],
  ['source.domain.suspended', 'postcopy'],
  ['source.domain.suspended', 'postcopyFailed'],
  ['source.domain.resumed', 'unpaused'],
  ['source.domain.stopped', 'migrated'],
  ['source.domain.stopped', 'crashed'],
  ['destination.domain.resumed', 'migrated'],
  ['destination.domain.resumed', 'postcopy'],
  ['destination.domain.resumed', 'postcopyFailed'],
  ['destination.domain.suspended', 'paused'],
  ['destination.domain.stopped', 'failed'],
  ['source.connection.lost'],
  ['source.connection.regained'],
  ['destination.connection.lost'],
];

/** What only a chart that holds a link of its own is told. */
const ofLinks: readonly (readonly [type: string])[] = [
  ['link.opened'],
  ['link.source.lost'],
  ['link.destination.lost'],
];

const commands: readonly EventObject[] = [
  { type: 'abort.requested' },
  Object.assign({ type: 'bandwidth.set' }, { mibPerS: 10 }),
  Object.assign({ type: 'downtime.set' }, { downtimeMs: 900 }),
  { type: 'postcopy.start' },
  { type: 'force.complete' },
  { type: 'postcopy.recover' },
  { type: 'postcopy.giveUp' },
];

const looks: readonly (readonly [SourceHolding, DestinationHolding])[] = keysOf(
  sourceHolds,
).flatMap((source) => keysOf(destinationHolds).map((there) => [source, there] as const));

/** What two real hosts show most of the time: told more often, or few walks came to an end. */
const likely: readonly (readonly [SourceHolding, DestinationHolding])[] = [
  ['running', 'absent'],
  ['paused', 'absent'],
  ['absent', 'running'],
  ['busy', 'incoming'],
  ['brokenPostcopy', 'brokenPostcopy'],
];
const weighedLooks = [...looks, ...Array.from({ length: 4 }, () => likely).flat()];

/** What a call in flight may answer where it has more to say than that it is done. */
const answersOf: Readonly<Record<string, readonly object[]>> = {
  finish: [{ holds: 'guest' }, { holds: 'nothing' }],
  finishResume: [{ holds: 'guest' }, { holds: 'nothing' }],
  setMaxDowntime: [{ what: 'downtimeMs', value: 900 }],
  setBandwidth: [{ what: 'mibPerS', value: 10 }],
};

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
  #pass = 1;
  #read = 0;

  /** The walk may have gone some way before. */
  constructor(walk: Walk) {
    this.walk = walk;
    this.#takeNotes();
  }

  get isOver(): boolean {
    return this.walk.snapshot.status !== 'active';
  }

  play(kind: number, choice: number): void {
    const told = this.#evidence();
    const answers = this.#answers();
    const kinds = [told, told, answers, answers, answers, answers, this.#timers()];
    const chosen = kinds[kind % kinds.length] ?? told;
    const moves = chosen.length > 0 ? chosen : told;
    const move = moves[choice % moves.length];
    if (move === undefined) throw new Error('nothing can be told');
    this.played.push(move.name);
    move.play();
    this.#takeNotes();
  }

  /** The worst that can come: every call fails, and the time for each answer runs out. */
  failEverything(): void {
    for (let rounds = 0; rounds < 60 && !this.isOver; rounds += 1) {
      const [call] = this.effectsInFlight();
      if (call !== undefined) this.walk.fail(call, connectionLost);
      else if (this.#isOpening()) this.walk.fail('link', connectionLost);
      else this.#elapseLast();
      this.#takeNotes();
    }
    this.played.push('everything fails');
  }

  /** Something is on its way that will tell the chart more, whatever the watches do. */
  get isAnythingComing(): boolean {
    return this.effectsInFlight().length + this.walk.timers.size > 0 || this.#isOpening();
  }

  effectsInFlight(): string[] {
    return [...this.walk.inFlight.values()].filter(({ src }) => !isWatch(src)).map(({ id }) => id);
  }

  #isOpening(): boolean {
    return this.walk.inFlight.has('link') && this.walk.snapshot.context.link.source !== 'open';
  }

  /** The longest wait of all that are armed. */
  #elapseLast(): void {
    const timers = [...this.walk.timers.values()].toSorted((a, b) => b.delayMs - a.delayMs);
    const name = timers[0]?.id.split('.')[2];
    if (name === undefined) throw new Error(`a dead end: ${this.walk.states().join(', ')}`);
    this.walk.elapse(name);
  }

  #evidence(): Move[] {
    const known = this.walk.inFlight.has('link') ? [...evidence, ...ofLinks] : evidence;
    const told = known.map(([type, detail]) => ({
      name: detail === undefined ? type : `${type} ${detail}`,
      play: () => void this.walk.see(type, detail),
    }));
    const asked = commands.map((command) => ({
      name: command.type,
      play: () => void this.walk.send(command),
    }));
    return [...told, ...asked, { name: 'source.iteration', play: () => this.#tellPass() }];
  }

  #tellPass(): void {
    this.#pass += 1;
    const pass = { iteration: this.#pass, remainingBytes: 1_000, atEpochMs: this.#pass };
    this.walk.send(Object.assign({ type: 'source.iteration' }, pass));
  }

  #answers(): Move[] {
    return [...this.walk.inFlight.values()].flatMap(({ id, src }) => [
      ...this.#successes(id, src),
      ...[operationFailed, connectionLost, notSent].map((failure) => ({
        name: `${id} fails: ${failure.code}`,
        play: () => void this.walk.fail(id, failure),
      })),
    ]);
  }

  #successes(id: string, src: string): Move[] {
    if (isWatch(src)) return [];
    if (src === 'inspectPeers')
      return weighedLooks.map((seen) => ({
        name: `${id}: ${seen.join(', ')}`,
        play: () => void this.walk.done(id, look(...seen) satisfies PeersView),
      }));
    const answers = answersOf[id] ?? [{ holds: 'nothing' }];
    // As often as both failures together: or hardly a walk would get anywhere.
    return [...answers, ...answers].map((answer) => ({
      name: `${id} done ${JSON.stringify(answer)}`,
      play: () => void this.walk.done(id, { ...answer, atEpochMs: 900 }),
    }));
  }

  #timers(): Move[] {
    const names = [...this.walk.timers.keys()].map((id) => id.split('.')[2] ?? id);
    return names.map((name) => ({ name, play: () => void this.walk.elapse(name) }));
  }

  #takeNotes(): void {
    for (const event of this.walk.history.slice(this.#read)) this.#note(event);
    this.#read = this.walk.history.length;
  }

  #note(event: EventObject & { output?: unknown; error?: unknown; detail?: unknown }): void {
    const [, ending, , id] = /^xstate\.(done|error)\.(actor)\.(.+)$/.exec(event.type) ?? [];
    if (id === undefined) {
      this.events.add(
        typeof event.detail === 'string' ? `${event.type} ${event.detail}` : event.type,
      );
      return;
    }
    if (ending === 'error') {
      this.replies.push(`${id} ${String(Object(event.error).code)}`);
      return;
    }
    const output = Object(event.output);
    const source = nameIn(sourceHolds, output.source);
    const there = nameIn(destinationHolds, output.destination);
    if (source !== undefined && there !== undefined) this.looks.push([source, there]);
    else this.replies.push(`${id} done${output.holds === undefined ? '' : ` ${output.holds}`}`);
  }
}

function isWatch(src: string): boolean {
  return src.startsWith('watch') || src === 'holdLink';
}

function nameIn<Key extends string>(
  holdings: Readonly<Record<Key, unknown>>,
  held: unknown,
): Key | undefined {
  return keysOf(holdings).find((name) => holdings[name] === held);
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record).filter((key): key is Key => key in record);
}
