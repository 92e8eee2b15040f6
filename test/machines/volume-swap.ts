import { volumeSwap, volumeSwapInput } from '../../machines/index.ts';
import type { SwapOrder, VolumeSwapInput } from '../../machines/index.ts';
import type { SeenDisk } from '../../machines/policy/volume-swap/look.ts';
import type {
  DestinationFacts,
  SwapDiskFacts,
  VolumeSwapFacts,
} from '../../machines/policy/volume-swap/volume-swap.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { guestView, hostView } from './facts.ts';
import { chainOf, diskOf } from './live-snapshot.ts';
import { Walk } from './walk.ts';

const gib = 2 ** 30;
const host = 'simulated:///hostA';

export const oldOf = (targetDev: string) => `/images/${targetDev}.qcow2`;
export const newOf = (targetDev: string) => `/new/${targetDev}.qcow2`;
export const imageOf = (path: string) =>
  ({ source: { kind: 'file', path }, format: 'qcow2' }) as const;

export const orderOf = (targetDev = 'vda', more: Partial<SwapOrder> = {}): SwapOrder => ({
  targetDev,
  to: imageOf(newOf(targetDev)),
  create: true,
  resizeBytes: null,
  ...more,
});

/** Nothing stands there, and there is room for it. */
export const free: DestinationFacts = {
  info: null,
  unreadable: null,
  users: [],
  availableBytes: 20 * gib,
};

export const factsOf = (
  targetDev: string,
  destination: Partial<DestinationFacts> = {},
  more: Partial<SwapDiskFacts> = {},
): SwapDiskFacts => ({
  targetDev,
  chain: chainOf(targetDev),
  configured: imageOf(oldOf(targetDev)),
  destination: { ...free, ...destination },
  ...more,
});

/** Two disks of which nothing speaks against a swap. */
export const goodFacts: VolumeSwapFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: { ...guestView, disks: [diskOf('vda'), diskOf('vdb')] },
  claims: [],
  disks: [factsOf('vda'), factsOf('vdb')],
};

export const failed = (effect: Failure['effect'] = 'none', code = 'broken'): Failure => ({
  code,
  message: `it is ${code}`,
  effect,
});

export const seen = (targetDev = 'vda', more: Partial<SeenDisk> = {}): SeenDisk => ({
  targetDev,
  top: oldOf(targetDev),
  mirror: null,
  isReady: false,
  isGone: false,
  held: null,
  job: null,
  ...more,
});
/** With its copy under way, so many bytes of it done. */
export const seenCopying = (targetDev = 'vda', processedBytes = 1, totalBytes = 10): SeenDisk =>
  seen(targetDev, { mirror: newOf(targetDev), job: { type: 'copy', processedBytes, totalBytes } });
export const seenReady = (targetDev = 'vda'): SeenDisk =>
  seen(targetDev, { mirror: newOf(targetDev), isReady: true });
export const seenPivoted = (targetDev = 'vda'): SeenDisk =>
  seen(targetDev, { top: newOf(targetDev) });

/** A swap under way, step by step; what the watch tells and what effects answer comes from the test. */
const usual: Readonly<Record<string, unknown>> = {
  copyOffline: { sourceChangedAt: null },
  persistFirst: { isUnseen: false },
  persistSwap: { isUnseen: false },
};

export class SwapWalk extends Walk {
  constructor(input: Partial<VolumeSwapInput> = {}) {
    super(volumeSwap, volumeSwapInput({ domain: 'guest', host, disks: [orderOf()], ...input }));
  }

  /** Unless it is said otherwise, libvirt shows what QEMU has, and a volume is in no pool. */
  override done(actorId: string, output: unknown = usual[actorId]): this {
    return super.done(actorId, output);
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

  /** Answers the look that is on its way. */
  looks(disks: readonly SeenDisk[], guest = 'running', atEpochMs = 9, isEnding = false): this {
    const ids = [
      'lookFirst',
      'confirmReady',
      'lookAtSwaps',
      'lookEnded',
      'inspectSwaps',
      'lookDropped',
      'lookWhyLost',
    ];
    const id = ids.find((each) => this.inFlight.has(each));
    if (id === undefined) throw new Error(`nobody looks in ${this.states().join(', ')}`);
    return this.done(id, { atEpochMs, guest, isEnding, disks });
  }

  claimed(facts: Partial<VolumeSwapFacts> = {}): this {
    const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
    return this.done('gather', { ...goodFacts, ...facts }).done('claim', { claim, others: [] });
  }

  /** Each disk of the order is being copied. */
  copying(...targetDevs: readonly string[]): this {
    const all = targetDevs.length === 0 ? ['vda'] : targetDevs;
    this.claimed().looks(all.map((each) => seen(each)));
    for (const _ of all) this.done('makeVolume');
    for (const _ of all) this.done('beginSwap');
    return this;
  }

  /** All are in step, and so it is found. */
  pivoting(...targetDevs: readonly string[]): this {
    const all = targetDevs.length === 0 ? ['vda'] : targetDevs;
    this.copying(...all);
    for (const each of all) this.job('ready', each);
    return this.looks(all.map((each) => seenReady(each)));
  }

  persisting(): this {
    return this.pivoting().done('pivotSwap', { how: 'ended' });
  }

  waitingForWord(): this {
    return this.persisting().done('persistSwap');
  }

  /** Whatever is left to do: copies are dropped, volumes removed, claims released. */
  cleaned(disks: readonly SeenDisk[] = [seen('vda'), seen('vdb')]): this {
    for (let step = 0; step < 8 && this.output() === undefined; step += 1) {
      if (this.inFlight.has('dropSwaps')) this.done('dropSwaps').looks(disks);
      if (this.inFlight.has('lookWhyLost')) this.looks(disks);
      const removal = this.inFlight.get('removeVolumes');
      if (removal !== undefined) {
        const { paths } = Object(removal.input) as { paths: readonly string[] };
        this.done('removeVolumes', { removed: paths, left: [] });
      }
      if (this.inFlight.has('release')) this.done('release', { released: [host], others: [] });
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
