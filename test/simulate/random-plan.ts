import type { DomainSpec, HostSpec } from '../../src/adapters/simulated/index.ts';
import type { SimulationPlan, Workflow } from '../../src/testing/simulation/index.ts';
import { Random, randomFaults } from '../../src/testing/simulation/index.ts';
import { randomMigration } from './random-migration.ts';
import { randomOneHost } from './random-one-host.ts';
import type { Kind, Planned } from './workflow-kinds.ts';
import { kinds, mib } from './workflow-kinds.ts';

const hostNames = ['hostA', 'hostB', 'hostC'] as const;

export interface PlanOptions {
  /** Only this machine; `null`: any. */
  readonly machine: Kind | null;
  /** How often faults come. */
  readonly faultChance: number;
}

/** Everything of a simulation, from one number. */
export function randomPlan(seed: number, { machine, faultChance }: PlanOptions): SimulationPlan {
  const random = new Random(seed);
  const hosts = randomHosts(random);
  const planned = Array.from({ length: random.between(1, 3) }, (_, at): Planned => {
    const kind = machine ?? random.pick(kinds);
    const name = `guest${at}`;
    const uuid = `00000000-0000-4000-8000-00000000000${at}`;
    return kind === 'liveMigration'
      ? randomMigration(random, { name, uuid }, hosts)
      : randomOneHost(random, kind, { name, uuid }, random.pick(hosts));
  });
  const domains = planned.map(({ domain }) => domain);
  const workflows = planned.flatMap(({ domain, workflow }) => [
    workflow,
    // Somebody else asks for the same domain.
    ...(random.chance(0.08) ? [rivalOf(random, workflow, domain)] : []),
  ]);
  const targets = new Map(planned.map(({ domain, targets: found }) => [domain.name, found]));
  const faults = random.chance(faultChance)
    ? randomFaults(random, { domains, hosts }, targets)
    : [];
  return {
    seed,
    hosts: hosts.map((host) => ({ ...host, volumes: standingOn(host, planned) })),
    domains,
    link: { bandwidthBytesPerS: random.pick([16, 64, 1_024]) * mib },
    workflows,
    awayMs: random.pick([100, 3_000, 400_000]),
    faults,
  };
}

function standingOn({ name }: HostSpec, planned: readonly Planned[]) {
  return planned.flatMap(({ domain, standing = [] }) => (domain.host === name ? standing : []));
}

/** By another name the engine takes it for another domain; what tells is the claim on it. */
function rivalOf(random: Random, workflow: Workflow, { uuid }: DomainSpec): Workflow {
  // At the same moment both have looked before either has claimed.
  const startMs = random.chance(0.5) ? workflow.startMs : random.between(0, 500);
  // Two reverts within a second give their overlays one name: libvirt refuses the second.
  const isRevert = workflow.machine === 'snapshotRevert';
  const mayFailWith = [...workflow.mayFailWith, ...(isRevert ? ['revertFailed'] : [])];
  const rival = { ...workflow, before: [], sent: [], startMs, mayFailWith };
  if (uuid === undefined || random.chance(0.3)) return rival;
  return { ...rival, input: { ...Object(workflow.input), domain: uuid } };
}

function randomHosts(random: Random): HostSpec[] {
  const libvirtVersion = random.pick([9_000_000, 9_000_000, 9_000_000, 11_003_000, 3_004_000]);
  return hostNames.slice(0, random.between(2, 3)).map((name) => ({
    name,
    libvirtVersion,
    pools: [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 30 }],
    directories: [
      { path: '/backup', capacityBytes: 2 ** 30 },
      { path: '/var/lib/libvirt/qemu/save', capacityBytes: 2 ** 30 },
    ],
  }));
}
