import type { DomainListing, SimulatedWorld } from '../../adapters/simulated/index.ts';
import type { EngineFeed } from '../engine-feed.ts';
import { listenTo } from '../engine-feed.ts';
import type { Entry, RunEnd } from '../history.ts';
import { judgeRecording } from '../jury.ts';
import type { WorldPicture } from '../picture.ts';
import { pictureSimulated, simulatedTicks } from '../simulated-eyes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SimulatedRun } from './run-book.ts';

/** Something that must not be, about one domain. */
export interface Finding {
  readonly rule: string;
  readonly domain: string;
  readonly found: string;
}

/** All that is known of one domain and its runs, and what there is to say against it. */
export class DomainFile {
  readonly uuid: string;
  readonly #name: string;
  readonly #world: SimulatedWorld;
  readonly #clock: Clock;
  /** Names of domains that others work on: what becomes of them is judged there. */
  readonly #others: ReadonlySet<string>;
  readonly #before: WorldPicture;
  readonly #heard: Entry[] = [];
  /** Runs about this domain, and how they ended. */
  readonly #ends = new Map<string, RunEnd | null>();
  /** What its guest had written last before anybody worked on it. */
  readonly #tickBefore: number;
  #sawTwo = false;

  constructor(world: SimulatedWorld, clock: Clock, name: string, others: readonly string[]) {
    this.#name = name;
    this.#world = world;
    this.#clock = clock;
    const known = world.listing().flatMap(({ domains }) => domains);
    this.uuid = known.find((domain) => domain.name === name)?.uuid ?? '';
    this.#others = new Set(others);
    this.#before = this.#picture();
    this.#tickBefore = world.ticks(this.uuid).at(-1)?.lastTick ?? 0;
  }

  /** A run is about this domain. */
  follow(runId: string): void {
    this.#ends.set(runId, null);
  }

  listenTo(feed: EngineFeed): void {
    listenTo(feed, null, (entry) => this.#hear(entry));
  }

  /** Our process was killed: what it reported last need not be on record. */
  leave(): void {
    const atEpochMs = this.#clock.nowEpochMs();
    for (const [runId, end] of this.#ends)
      if (end === null)
        this.#hear({ kind: 'runBroken', runId, atEpochMs, message: 'its process was killed' });
  }

  /** Looks whether it runs twice; costs next to nothing where it does not. */
  glance(isBlind: boolean): void {
    const isTwice = this.#world.runningOn(this.uuid).length > 1;
    if (!isTwice && !this.#sawTwo) return;
    this.#sawTwo = isTwice;
    const seen = this.#picture();
    // What nobody sees, nobody can stop.
    const hosts = seen.hosts.map((host) =>
      isBlind || !this.#world.isHeard(host.uri)
        ? { uri: host.uri, reachable: false as const, message: 'nobody hears it' }
        : host,
    );
    const picture = { ...seen, hosts };
    this.#heard.push({ kind: 'looked', atEpochMs: this.#clock.nowEpochMs(), picture });
  }

  judge(
    runs: readonly SimulatedRun[],
    had: { readonly faults: boolean; readonly commands: boolean },
  ) {
    const working = runs.filter(({ outcome }) => !idle.has(outcome));
    return [
      ...this.#judgeInvariants(),
      ...this.#judgeRivals(working),
      ...runs.flatMap((run) =>
        this.#judgeOutcome(run, runs.length > 1 || had.commands, had.faults),
      ),
      ...(working.length < 2 ? this.#judgeFiles() : []),
    ];
  }

  /** Of two that claimed it at once, one has to stand back. */
  #judgeRivals(working: readonly SimulatedRun[]): Finding[] {
    const held = working.flatMap(({ heldMs }) => heldMs).toSorted((a, b) => a.from - b.from);
    const isAtOnce = held.some(({ from }, at) => at > 0 && from < (held[at - 1]?.to ?? 0));
    return isAtOnce ? [this.#finding('oneRunAtATime', 'two runs worked on it at once')] : [];
  }

  #judgeInvariants(): Finding[] {
    const working = [...this.#ends].filter(([, end]) => end?.outcome !== 'refused');
    const judged = new Set((working.length > 0 ? working : [...this.#ends]).map(([id]) => id));
    const entries = this.#heard.filter((entry) => !('runId' in entry) || judged.has(entry.runId));
    const ticks = simulatedTicks(this.#world, this.uuid);
    // Two that came one after the other were each asked for something else.
    const settlement = working.length > 1 ? null : { after: this.#picture(), ticks };
    return judgeRecording({ before: this.#before, entries, settlement })
      .filter(({ rule }) => !this.#isFate(rule))
      .map(({ rule, found }) => this.#finding(rule, found));
  }

  #picture(): WorldPicture {
    const seen = pictureSimulated(this.#world, this.#clock, this.uuid);
    const isOurs = (path: string): boolean =>
      [...this.#others].every((name) => !path.includes(name));
    const hosts = seen.hosts.map((host) => {
      if (!host.reachable) return host;
      const domains = host.domains.filter(({ name }) => !this.#others.has(name));
      return { ...host, domains, volumes: host.volumes.filter(isOurs) };
    });
    return { ...seen, hosts };
  }

  #hear(entry: Entry): void {
    if ('runId' in entry) {
      if (!this.#ends.has(entry.runId)) return;
      if (entry.kind === 'runFinished') this.#ends.set(entry.runId, entry.end);
    }
    this.#heard.push(entry);
  }

  /** A guest that ended by itself runs nowhere, and nobody is to blame. */
  #isFate(rule: string): boolean {
    return rule === 'onePlace' && this.#world.isFated(this.uuid) && !this.#runs();
  }

  #runs(): boolean {
    return this.#world.runningOn(this.uuid).length > 0;
  }

  /** What nothing disturbs comes to its end, and comes to it by itself. */
  #judgeOutcome(run: SimulatedRun, isBothered: boolean, wasStruck: boolean): Finding[] {
    const { code, machine, outcome } = run;
    if (outcome === 'unended') return [this.#finding('ends', `${machine} came to no end`)];
    const isFine = outcome === 'completed' || outcome === 'refused';
    const isDisturbed = wasStruck || (isBothered && outcome === 'rolledBack');
    if (
      isFine ||
      outcome === 'busy' ||
      outcome === 'awaitsOperator' ||
      isDisturbed ||
      run.mayFailWith.includes(code ?? '')
    )
      return [];
    const why = `${machine} ended ${outcome} (${code}), and nothing had befallen it`;
    return [this.#finding('worksUndisturbed', why)];
  }

  /** What a run says of files is true, and every disk holds what its guest wrote last. */
  #judgeFiles(): Finding[] {
    const end = this.#lastEnd();
    if (end === null || end.outcome === 'needsOperator') return [];
    return [
      ...this.#judgeRecord(end),
      ...this.#judgeImages(end),
      ...this.#judgeDisks(),
      ...this.#judgeNextStart(),
    ];
  }

  #judgeRecord({ artefacts }: RunEnd): Finding[] {
    return artefacts.flatMap(({ host, kind, path, status }) => {
      if (!fileKinds.has(kind)) return [];
      const stands = this.#stands(host, path);
      if (stands === null) return [];
      const told = `${kind} ${path} on ${host} is told to be ${status}`;
      if (status === 'removed') return stands ? [this.#finding('recordIsTrue', told)] : [];
      const isThere = stands || status === 'left' || status === 'unwanted';
      return isThere ? [] : [this.#finding('recordIsTrue', `${told}, and is not there`)];
    });
  }

  /** An image has at least what stood on the disk when it was asked for. */
  #judgeImages({ artefacts, outcome }: RunEnd): Finding[] {
    if (outcome !== 'completed') return [];
    return artefacts.flatMap(({ host, kind, path, status }) => {
      const place = this.#world.listing().find(({ name }) => `simulated:///${name}` === host);
      if (kind !== 'image' || status !== 'made' || place === undefined) return [];
      const held = this.#world.lastTickOn(place.name, path) ?? 0;
      if (held >= this.#tickBefore) return [];
      const found = `image ${path} holds tick ${held}, and the guest was at ${this.#tickBefore} before`;
      return [this.#finding('imageIsWhole', found)];
    });
  }

  /** `null`: nobody can tell. */
  #stands(uri: string, path: string): boolean | null {
    const host = this.#world.listing().find(({ name }) => `simulated:///${name}` === uri);
    if (host === undefined) return null;
    if (path === this.uuid)
      return host.domains.find(({ uuid }) => uuid === path)?.managedSave ?? false;
    return this.#world.files(host.name).some((file) => file.path === path);
  }

  #judgeDisks(): Finding[] {
    const last = this.#world.ticks(this.uuid).at(-1)?.lastTick ?? 0;
    if (last === 0) return [];
    return this.#homes().flatMap(({ host, domain }) =>
      domain.disks.flatMap(({ path, readOnly, targetDev }) => {
        if (path === null || readOnly) return [];
        const held = this.#world.lastTickOn(host, path);
        if (held === last) return [];
        const found = `${targetDev} holds tick ${held} instead of ${last}`;
        return [this.#finding('diskIsWhole', found)];
      }),
    );
  }

  /** A definition that names other files than the guest writes to would start it in its past. */
  #judgeNextStart(): Finding[] {
    return this.#homes().flatMap(({ host, domain }) =>
      this.#world.nextDisks(host, this.uuid).flatMap(({ path, targetDev }) => {
        const now = domain.disks.find((disk) => disk.targetDev === targetDev)?.path ?? path;
        if (!domain.persistent || now === path) return [];
        const found = `${targetDev} is ${now}, and its definition names ${path}`;
        return [this.#finding('nextStartIsTrue', found)];
      }),
    );
  }

  /** Where it runs, or where the only definition of it stands. */
  #homes(): { readonly host: string; readonly domain: DomainListing }[] {
    const all = this.#world
      .listing()
      .flatMap(({ name: host, domains }) =>
        domains.filter(({ uuid }) => uuid === this.uuid).map((domain) => ({ host, domain })),
      );
    const running = all.filter(({ domain }) => domain.vcpus !== 'none');
    return running.length > 0 || all.length > 1 ? running : all;
  }

  #lastEnd(): RunEnd | null {
    const ends = [...this.#ends.values()].filter((end) => end !== null);
    return ends.find(({ outcome }) => outcome !== 'refused') ?? null;
  }

  #finding(rule: string, found: string): Finding {
    return { rule, domain: this.#name, found };
  }
}

/** They have touched nothing. */
const idle: ReadonlySet<string> = new Set(['busy', 'unasked', 'refused', 'notBegun']);
const fileKinds: ReadonlySet<string> = new Set(['image', 'delta', 'overlay', 'volume', 'memory']);
