import { liveSnapshot, liveSnapshotInput } from '../../machines/index.ts';
import type { LiveSnapshotInput } from '../../machines/index.ts';
import type { LiveSnapshotFacts } from '../../machines/policy/live-snapshot/live-snapshot.ts';
import type { DiskChain } from '../../src/ports/block-jobs.ts';
import type { DiskView } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { ImageInfo } from '../../src/ports/images.ts';
import { fileLayer, guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const gib = 2 ** 30;

export const given = {
  domain: 'guest',
  host: 'simulated:///hostA',
  directory: '/snapshots',
  fileName: 'guest.qcow2',
};

/** A disk, and a layer over a base. */
export const diskOf = (targetDev: string, more: Partial<DiskView> = {}): DiskView => ({
  ...guestView.disks[0],
  targetDev,
  device: 'disk',
  source: 'file',
  path: `/images/${targetDev}.qcow2`,
  format: 'qcow2',
  readOnly: false,
  shareable: false,
  transient: false,
  cache: 'none',
  capacityBytes: 2 * gib,
  allocationBytes: gib,
  blockJob: null,
  mirrored: false,
  ...more,
});

export const chainOf = (targetDev: string, more: Partial<DiskChain> = {}): DiskChain => ({
  targetDev,
  layers: [
    fileLayer(`/images/${targetDev}.qcow2`, 'qcow2'),
    fileLayer(`/images/${targetDev}-base.raw`, 'raw'),
  ],
  mirror: null,
  ...more,
});

export const infoOf = (path: string, more: Partial<ImageInfo> = {}): ImageInfo => ({
  path,
  format: 'qcow2',
  virtualSizeBytes: 2 * gib,
  allocationBytes: gib,
  backingPath: null,
  backingFormat: null,
  encrypted: false,
  ...more,
});

/** Two disks of which nothing speaks against a snapshot. */
export const goodFacts: LiveSnapshotFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: { ...guestView, disks: [diskOf('vda'), diskOf('vdb')] },
  claims: [],
  chains: [chainOf('vda'), chainOf('vdb')],
  tops: [infoOf('/images/vda.qcow2'), infoOf('/images/vdb.qcow2')],
  imageBytes: [{ targetDev: 'vda', bytes: gib }],
  agent: 'connected',
  formats: ['raw', 'qcow2'],
  target: { availableBytes: 20 * gib, standing: [], users: [], neighbours: [] },
};

export const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
export const failed = (effect: Failure['effect'] = 'none', code = 'broken'): Failure => ({
  code,
  message: `it is ${code}`,
  effect,
});

export const lookOf = (ours: string, processedBytes = 0, targetDev = 'vda') => ({
  targetDev,
  ours,
  isAsPlanned: true,
  processedBytes,
});

/** A snapshot under way, step by step; what the watch tells and what effects answer comes from the test. */
export class SnapshotWalk extends Walk {
  constructor(input: Partial<LiveSnapshotInput> = {}) {
    super(liveSnapshot, liveSnapshotInput({ ...given, ...input }));
  }

  job(
    status: 'ready' | 'failed' | 'canceled' | 'completed',
    targetDev = 'vda',
    job = 'copy',
  ): this {
    return this.send(
      Object.assign({ type: `blockJob.${status}` }, { atEpochMs: 9, targetDev, job }),
    );
  }

  /** All of them, and so it is found. */
  ready(...targetDevs: string[]): this {
    const all = targetDevs.length === 0 ? ['vda'] : targetDevs;
    for (const targetDev of all) this.job('ready', targetDev);
    if (!this.inFlight.has('confirmCopies')) return this;
    const disks = all.map((targetDev) => lookOf('ready', 0, targetDev));
    return this.done('confirmCopies', { atEpochMs: 9, guest: this.snapshot.context.guest, disks });
  }

  claimed(facts: Partial<LiveSnapshotFacts> = {}): this {
    return this.done('gather', { ...goodFacts, ...facts }).done('claim', { claim, others: [] });
  }

  copying(facts?: Partial<LiveSnapshotFacts>): this {
    return this.claimed(facts).done('makeDelta').done('beginCopy');
  }

  freezing(): this {
    return this.copying().ready().done('askAgent', { agent: 'connected', atEpochMs: 1_000 });
  }

  ending(): this {
    return this.freezing().done('freezeGuest', { frozen: 1 });
  }

  thawing(): this {
    return this.ending().job('canceled').done('endCopies');
  }

  flattening(): this {
    return this.thawing().done('thawGuest', { atEpochMs: 1_250 });
  }

  naming(): this {
    return this.flattening()
      .done('flattenDelta')
      .done('inspectImage', { info: infoOf('/x') });
  }

  tidying(): this {
    return this.naming().done('nameImage');
  }

  /** Everything that the run wants removed goes; the claim, too. */
  cleaned(): this {
    for (let step = 0; step < 6 && this.output() === undefined; step += 1) {
      const ids = ['dropCopies', 'lookWhyLost', 'removeImages', 'removeDeltas', 'thawGuest'];
      for (const id of [...ids, 'release']) {
        const effect = this.inFlight.get(id);
        if (effect === undefined) continue;
        const { paths } = Object(effect.input) as { paths?: readonly string[] };
        const answer = { removed: paths, inUse: [], released: [given.host], atEpochMs: 2_000 };
        this.done(id, { ...answer, guest: 'running', stopDetail: null, stuck: [] });
      }
    }
    return this;
  }

  artefacts(): string[] {
    const { artefacts } = this.snapshot.context;
    return artefacts.map(
      ({ kind, path, status }: Record<string, string>) => `${kind} ${path} ${status}`,
    );
  }

  input(actorId: string): unknown {
    return this.inFlight.get(actorId)?.input;
  }
}
