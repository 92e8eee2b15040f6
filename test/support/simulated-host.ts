import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { Engines } from './engines.ts';
import { gib, mib } from './simulated-migration.ts';

export const hostUri = 'simulated:///hostA';
export const uuid = '11111111-2222-3333-4444-555555555555';
const unending = new AbortController().signal;

/** What is unlike the usual host and its usual guest. */
export interface HostScenario {
  readonly guest?: Partial<DomainSpec>;
  readonly faults?: readonly Fault[];
  readonly libvirtVersion?: number;
  /** Bytes of the directory beside that of the disks. */
  readonly roomBytes?: number;
}

/** A host of a simulated world with one guest, and a hand that no fault befalls. */
export interface SimulatedHost {
  readonly engines: Engines;
  readonly clock: Engines['clock'];
  readonly world: SimulatedWorld;
  readonly hand: Hypervisor;
  readonly later: (delayMs: number, act: () => void) => void;
  readonly pass: (durationMs: number) => Promise<void>;
}

/** Its guest, of that {@link uuid}, has run for ten seconds. */
export async function openSimulatedHost(
  { faults = [], guest, libvirtVersion = 9_000_000, roomBytes = 10 * gib }: HostScenario,
  usual: DomainSpec,
  directory = '/backup',
): Promise<SimulatedHost> {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        libvirtVersion,
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: directory, capacityBytes: roomBytes }],
      },
    ],
    domains: [{ ...usual, ...guest, uuid }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults,
  });
  const hand = await world.hypervisors.open(hostUri, unending);
  const pass = (durationMs: number) => clock.run(delay(clock, durationMs, unending));
  const later = (delayMs: number, act: () => void): void =>
    void clock.schedule(clock.nowEpochMs() + delayMs, act);
  await pass(10_000);
  return { engines, clock, world, hand, later, pass };
}

/** All that the host has of the guest, but for what time alone changes. */
export function heldBy(world: SimulatedWorld) {
  const guest = world.listing()[0]?.domains[0];
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    managedSave: guest?.managedSave,
    claims: guest?.claims,
    snapshotCount: guest?.snapshotCount,
    job: guest?.job,
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
    files: world.files('hostA').map(({ path }) => path),
  };
}
