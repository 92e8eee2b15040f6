import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Hypervisors } from '../../src/index.ts';
import type { MigrationEnds, MigrationLink } from '../../src/ports/migration.ts';
import { phaseProcedures, Wire } from './wire.ts';
import type { LinkPhase } from './wire.ts';

export type LinkPeer = keyof MigrationEnds;

/** Who is called. */
const callees: Readonly<Record<LinkPhase, LinkPeer>> = {
  begin: 'source',
  prepare: 'destination',
  perform: 'source',
  finish: 'destination',
  confirm: 'source',
};

/**
 * The link of a migration that we drive, in a test's hand: a phase can be held just before its call,
 * and what travels between us and one daemon can be lost, in either direction, or be cut off. The
 * daemons see real sockets that end, our own client sees the same; other connections are not touched.
 */
export class HeldLink {
  readonly #phase: LinkPhase | null;
  readonly #held = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();
  readonly #wires: Partial<Record<LinkPeer, Wire>> = {};
  #directory: string | null = null;
  #death: PromiseWithResolvers<void> | null = null;
  #isKept = false;

  /** `null`: no phase is held. A cancelled Finish or Confirm never is. */
  constructor(phase: LinkPhase | null) {
    this.#phase = phase;
  }

  /** The same hosts, with every link led through here. */
  readonly through = (plain: Hypervisors): Hypervisors => ({
    open: (uri, signal) => plain.open(uri, signal),
    linkMigration: async (ends, signal) =>
      this.#hold(await plain.linkMigration(await this.#lead(ends), signal)),
    close: () => plain.close(),
  });

  /** Resolves when the phase is due that is held, and the one before it has been answered. */
  get held(): Promise<void> {
    return this.#held.promise;
  }

  /** The held phase is called now. */
  letGo(): void {
    this.#gate.resolve();
  }

  /** The connections outlive the migration: what the daemons let go of, they were told to. */
  keepOpen(): void {
    this.#isKept = true;
  }

  /** Our connection to one daemon ends, for both. */
  cut(peer: LinkPeer): void {
    this.#wire(peer).cut();
  }

  /** Nothing travels between us and one daemon any more, and nobody tells either. */
  silence(peer: LinkPeer): void {
    this.#wire(peer).silence();
  }

  /** As if our process had died: both connections end, and nothing of ours acts until {@link rise}. */
  die(): void {
    this.#death = Promise.withResolvers();
    this.cut('source');
    this.cut('destination');
    this.letGo();
  }

  /** The calls that died with us fail only now: what follows is a fresh look. */
  rise(): void {
    this.#death?.resolve();
  }

  /**
   * From the held call on, what we say to its daemon is lost, or what that daemon says: it acts then,
   * and we do not hear of it. Resolves when the call, or the answer to it, has been lost.
   */
  lose(what: 'requests' | 'answers'): Promise<void> {
    const { peer, procedure } = this.#call;
    return this.#wire(peer).stop(what, procedure);
  }

  /** Our connection to the daemon of the held phase ends. */
  cutHeld(): void {
    this.cut(this.#call.peer);
  }

  async close(): Promise<void> {
    this.letGo();
    this.rise();
    for (const wire of Object.values(this.#wires)) wire.close();
    if (this.#directory !== null) await rm(this.#directory, { recursive: true, force: true });
  }

  get #call() {
    if (this.#phase === null) throw new Error('no phase is held');
    return { peer: callees[this.#phase], procedure: phaseProcedures[this.#phase] };
  }

  #wire(peer: LinkPeer): Wire {
    const wire = this.#wires[peer];
    if (wire === undefined) throw new Error(`no link leads to the ${peer} yet`);
    return wire;
  }

  async #lead(ends: MigrationEnds): Promise<MigrationEnds> {
    this.#directory ??= await mkdtemp(join(tmpdir(), 'link-'));
    const lead = async (peer: LinkPeer): Promise<string> => {
      const path = join(this.#directory ?? '', peer);
      this.#wires[peer] ??= await Wire.lay(path, socketOf(ends[peer]));
      return `qemu+unix:///system?socket=${path}`;
    };
    return { source: await lead('source'), destination: await lead('destination') };
  }

  #hold(link: MigrationLink): MigrationLink {
    const held = async <T>(phase: LinkPhase | null, call: () => Promise<T>): Promise<T> => {
      if (phase !== null && phase === this.#phase) {
        this.#held.resolve();
        await this.#gate.promise;
      }
      try {
        return await call();
      } finally {
        await this.#death?.promise;
      }
    };
    return {
      lost: link.lost,
      begin: (call, signal) => held('begin', () => link.begin(call, signal)),
      prepare: (call, signal) => held('prepare', () => link.prepare(call, signal)),
      perform: (call, signal) => held('perform', () => link.perform(call, signal)),
      finish: (call, cancelled, signal) =>
        held(cancelled ? null : 'finish', () => link.finish(call, cancelled, signal)),
      confirm: (call, cancelled, signal) =>
        held(cancelled ? null : 'confirm', () => link.confirm(call, cancelled, signal)),
      close: async () => {
        if (!this.#isKept) await link.close();
      },
    };
  }
}

function socketOf(uri: string): string {
  const path = new URL(uri).searchParams.get('socket');
  if (path === null) throw new Error(`${uri}: only a link over a unix socket can be held`);
  return path;
}
