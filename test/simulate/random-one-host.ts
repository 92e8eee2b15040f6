import {
  coldSnapshotInput,
  domainSnapshotInput,
  instanceSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  snapshotRevertInput,
} from '../../machines/index.ts';
import type { DomainSpec, HostSpec, VolumeSpec } from '../../src/adapters/simulated/index.ts';
import type { Answer, Preparation, Random } from '../../src/testing/simulation/index.ts';
import { oneHostTargets } from './one-host-targets.ts';
import { askSwap } from './random-swap.ts';
import type { Kind, Planned } from './workflow-kinds.ts';
import { mib } from './workflow-kinds.ts';

export type OneHostKind = Exclude<Kind, 'liveMigration'>;

export interface Ask {
  readonly random: Random;
  readonly host: HostSpec;
  readonly domain: DomainSpec;
  readonly ours: { readonly domain: string; readonly host: string; readonly peerWaitMs: number };
}

export interface Asked {
  readonly input: unknown;
  readonly before?: readonly Preparation[];
  readonly answers?: readonly Answer[];
  readonly standing?: readonly VolumeSpec[];
  readonly mayFailWith?: readonly string[];
}

export function randomOneHost(
  random: Random,
  kind: OneHostKind,
  named: Named,
  host: HostSpec,
): Planned {
  const { name } = named;
  const domain = randomDomain(random, kind, named, host);
  const ours = { domain: name, host: `simulated:///${host.name}`, peerWaitMs: 120_000 } as const;
  const asked = ask[kind]({ random, host, domain, ours });
  const { answers = [], before = [], input, mayFailWith = [], standing = [] } = asked;
  const sent = random.chance(0.1)
    ? [{ afterMs: random.between(1, 1_000), event: { type: 'abort.requested' } }]
    : [];
  const startMs = random.pick([0, 0, 100, 1_000]);
  return {
    domain,
    workflow: {
      domain: name,
      machine: kind,
      input,
      startMs,
      before,
      sent,
      answers,
      mayFailWith: ['agentUnavailable', ...mayFailWith],
    },
    targets: oneHostTargets(kind),
    standing,
  };
}

interface Named {
  readonly name: string;
  readonly uuid: string;
}

function randomDomain(
  random: Random,
  kind: OneHostKind,
  { name, uuid }: Named,
  host: HostSpec,
): DomainSpec {
  const isBusy = kind === 'volumeSwap' && random.chance(0.2);
  const disk = {
    capacityBytes: 8 * mib,
    storage: 'private',
    format: 'qcow2',
    writtenBytesPerS: isBusy ? random.pick([4, 64, 2_048]) * mib : 0,
  } as const;
  const state = random.pick(['running', 'running', 'running', 'paused', 'shutoff'] as const);
  const isTransient = kind === 'volumeSwap' && state !== 'shutoff' && random.chance(0.15);
  const hasDevices = kind === 'coldSnapshot' && random.chance(0.5);
  return {
    name,
    uuid,
    host: host.name,
    memoryBytes: 32 * mib,
    state,
    persistent: !isTransient,
    agent: random.pick(['well', 'well', 'well', 'none', 'disconnected', 'silent']),
    disks: ['vda', 'vdb']
      .slice(0, random.between(1, 2))
      .map((targetDev) => ({ ...disk, targetDev, path: `/images/${name}-${targetDev}.qcow2` })),
    devices: hasDevices
      ? [
          { alias: 'net0', element: 'interface', passthrough: 'sriov', needsGuest: true },
          { alias: 'rng0', element: 'rng', needsGuest: random.chance(0.5) },
        ]
      : [],
  };
}

const ask: Readonly<Record<OneHostKind, (of: Ask) => Asked>> = {
  volumeSwap: askSwap,
  managedSave: ({ domain, ours, random }) => {
    const file = `/images/${domain.name}.mem`;
    const runs = domain.state !== 'shutoff';
    const action = random.pick(['save', 'saveTo', 'start', 'restore'] as const);
    const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;
    const isFile = action === 'saveTo' || action === 'restore';
    const before: Preparation[] = [];
    if (action === 'start' && runs) before.push({ do: 'managedSave' });
    if (action === 'restore' && runs) before.push({ do: 'saveTo', path: file, options: plainly });
    return { input: managedSaveInput({ ...ours, action, ...(isFile ? { file } : {}) }), before };
  },
  domainSnapshot: ({ domain, ours, random }) => {
    const kind = random.pick(['internal', 'external', 'external'] as const);
    const runs = domain.state !== 'shutoff';
    const withMemory = kind === 'external' && runs && random.chance(0.4);
    return {
      input: domainSnapshotInput({
        ...ours,
        name: 'now',
        kind,
        quiesce: quiesceFor(random, withMemory || kind === 'internal'),
        memoryPath: withMemory ? `/images/${domain.name}.now-mem` : null,
        halt: random.chance(0.1),
      }),
    };
  },
  snapshotDelete: ({ domain, ours, random }) => {
    const isInternal = random.chance(0.3);
    const by = isInternal ? 'auto' : random.pick(['auto', 'libvirt', 'manual'] as const);
    const what = {
      kind: 'snapshot',
      name: 'before',
      children: 'keep',
      metadataOnly: random.chance(0.1),
      by,
    } as const;
    return {
      input: snapshotDeleteInput({ ...ours, what }),
      before: [snapshot(domain, isInternal)],
    };
  },
  snapshotRevert: ({ domain, host, ours, random }) => {
    const isInternal = (host.libvirtVersion ?? 0) < 11_000_000 || random.chance(0.5);
    const keepBefore = random.chance(0.5);
    return {
      input: snapshotRevertInput({ ...ours, name: 'before', keepBefore }),
      before: [snapshot(domain, isInternal)],
    };
  },
  liveSnapshot: ({ domain, ours, random }) => ({
    input: liveSnapshotInput({
      ...ours,
      directory: '/backup',
      fileName: `${domain.name}.qcow2`,
      quiesce: quiesceFor(random, false),
      disks: random.chance(0.5) ? ['vda'] : null,
      bandwidthMibPerS: random.pick([0, 0, 8]),
    }),
  }),
  coldSnapshot: ({ domain, ours, random }) => ({
    input: coldSnapshotInput({
      ...ours,
      directory: '/backup',
      fileName: `${domain.name}.qcow2`,
      shortOutage: random.chance(0.4),
    }),
  }),
  instanceSnapshot: ({ domain, ours, random }) => ({
    input: instanceSnapshotInput({
      ...ours,
      store: { kind: 'directory', directory: '/backup' },
      name: `nightly-${domain.name}`,
      way: random.pick(['auto', 'auto', 'live', 'cold'] as const),
      quiesce: quiesceFor(random, false),
    }),
  }),
};

function quiesceFor(random: Random, cannot: boolean): 'never' | 'try' | 'required' {
  return cannot ? 'never' : random.pick(['never', 'try', 'required'] as const);
}

/** One that stands before the run, with memory where the guest has one. */
function snapshot({ disks = [], name, state }: DomainSpec, isInternal: boolean): Preparation {
  const hasMemory = state !== 'shutoff';
  const memory = isInternal
    ? ({ kind: 'internal' } as const)
    : ({ kind: 'external', path: `/images/${name}.before-mem` } as const);
  return {
    do: 'snapshot',
    request: {
      name: 'before',
      description: null,
      memory: hasMemory ? memory : { kind: 'none' },
      disks: disks.map(({ targetDev }) => ({
        targetDev,
        kind: isInternal ? 'internal' : 'external',
        overlayPath: isInternal ? null : `/images/${name}-${targetDev}.before`,
        format: 'qcow2',
      })),
      diskOnly: !isInternal && !hasMemory,
      quiesce: false,
      atomic: !isInternal,
      reuseExternal: false,
      halt: false,
      noMetadata: false,
      live: false,
    },
  };
}
