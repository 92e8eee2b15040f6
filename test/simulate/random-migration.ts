import { convergencePresets, liveMigrationInput, migrationOptions } from '../../machines/index.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import type { DomainSpec, HostSpec } from '../../src/adapters/simulated/index.ts';
import type { Random, Targets, Workflow } from '../../src/testing/simulation/index.ts';
import { statesOfMachine } from './machine-states.ts';
import type { Planned } from './workflow-kinds.ts';
import { mib } from './workflow-kinds.ts';

const uriOf = ({ name }: HostSpec): string => `simulated:///${name}`;
const protocols = ['peer2peer', 'direct', 'tunnelled', 'offline'] as const;
type Protocol = (typeof protocols)[number];

export function randomMigration(
  random: Random,
  { name, uuid }: { readonly name: string; readonly uuid: string },
  hosts: readonly HostSpec[],
): Planned {
  const source = random.pick(hosts);
  const destination = random.pick(hosts.filter((host) => host !== source));
  const protocol = random.pick(protocols);
  // QEMU copies no disks through a tunnel.
  const isCopied = random.chance(0.4) && protocol !== 'tunnelled';
  const isBusy = protocol !== 'offline' && random.chance(0.15);
  const domain: DomainSpec = {
    name,
    uuid,
    host: source.name,
    state: protocol === 'offline' ? 'shutoff' : random.pick(['running', 'running', 'paused']),
    persistent: protocol === 'offline' || random.chance(0.8),
    memoryBytes: random.pick([8, 32, 128]) * mib,
    dirtyBytesPerS: isBusy ? 256 * mib : random.pick([0, 1, 4]) * mib,
    disks: [
      {
        targetDev: 'vda',
        capacityBytes: 2 * mib,
        ...(isCopied
          ? { path: `/images/${name}.img`, storage: 'private' }
          : { path: `/shared/${name}.img`, storage: 'shared' }),
      },
    ],
  };
  const input = liveMigrationInput({
    domain: name,
    source: uriOf(source),
    destination: uriOf(destination),
    protocol: protocol === 'peer2peer' ? 'peer2peer' : 'direct',
    offline: protocol === 'offline',
    peerWaitMs: 120_000,
    convergence: convergenceFor(random, isBusy),
    options: optionsFor(random, { destination, isBusy, isCopied, protocol }),
  });
  return {
    domain,
    workflow: {
      domain: name,
      machine: 'liveMigration',
      input,
      startMs: random.pick([0, 0, 100, 1_000]),
      before: [],
      sent: commands(random),
      mayFailWith: ['timeBudgetExceeded'],
    },
    targets: targetsOf(protocol),
  };
}

function convergenceFor(random: Random, isBusy: boolean) {
  if (!isBusy) return patient;
  return random.pick([
    { ...patient, postcopyAfterPasses: 2 },
    convergencePresets['minimal-downtime'].convergence,
    convergencePresets['must-converge'].convergence,
  ]);
}

function optionsFor(
  random: Random,
  given: {
    readonly destination: HostSpec;
    readonly isBusy: boolean;
    readonly isCopied: boolean;
    readonly protocol: Protocol;
  },
) {
  const { destination, isBusy, isCopied, protocol } = given;
  const isLive = protocol !== 'offline';
  return migrationOptions({
    unsafe: true,
    destinationConnectUri: protocol === 'peer2peer' ? uriOf(destination) : null,
    copyStorage: isCopied ? 'all' : 'none',
    sourceDisk: isCopied && random.chance(0.3) ? 'delete' : 'keep',
    postcopy: isBusy && isLive && protocol !== 'tunnelled',
    postcopyBandwidthMibPerS: isBusy ? 16 : 0,
    keepSource: isLive && random.chance(0.1),
    ...(protocol === 'tunnelled' ? { tunnelled: true, relayUri: 'tcp://127.0.0.1:49300' } : {}),
  });
}

function commands(random: Random): Workflow['sent'] {
  const afterMs = random.between(1, 6_000);
  const lot = random.next();
  if (lot < 0.08) return [{ afterMs, event: { type: 'abort.requested' } }];
  if (lot < 0.12) return [{ afterMs, event: { type: 'force.complete' } }];
  if (lot < 0.16) return [{ afterMs, event: { type: 'downtime.set', downtimeMs: 200 } }];
  if (lot < 0.2) return [{ afterMs, event: { type: 'bandwidth.set', mibPerS: 8 } }];
  return [];
}

const byDaemon = ['migrate', 'abortJob'] as const;
const byUs = ['link.begin', 'link.prepare', 'link.perform', 'link.finish', 'link.confirm'] as const;
const always = [
  'claimDomain',
  'releaseClaim',
  'findStatus',
  'findDomain',
  'destroy',
  'suspend',
  'resume',
  'undefine',
  'deleteVolume',
  'findVolume',
] as const;

function targetsOf(protocol: Protocol): Targets {
  const charts = {
    peer2peer: 'peer2peerMigration',
    direct: 'directMigration',
    tunnelled: 'directMigration',
    offline: 'offlineMigration',
  } as const;
  return {
    // What decides is struck more often.
    calls:
      protocol === 'peer2peer'
        ? [...byDaemon, ...byDaemon, ...byDaemon, ...always]
        : [...byUs, ...byUs, ...always],
    phases:
      protocol === 'offline'
        ? ['begin3', 'prepare', 'finish3']
        : ['begin3', 'prepare', 'perform3', 'perform3Done', 'finish3', 'confirm3'],
    states: [...statesOfMachine('liveMigration'), ...statesOfMachine(charts[protocol])],
    lastsMs: 8_000,
  };
}
