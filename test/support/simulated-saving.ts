import type { ManagedSaveOutput } from '../../machines/index.ts';
import { managedSaveInput } from '../../machines/index.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { HostScenario } from './simulated-host.ts';
import { hostUri, openSimulatedHost } from './simulated-host.ts';
import { mib, privateGuest } from './simulated-migration.ts';
import type { OnTheWay } from './simulated-runs.ts';
import { driveSimulated } from './simulated-runs.ts';

export const memoryPath = '/images/guest.mem';
/** Where libvirt puts memories by itself. */
const imageDirectory = '/var/lib/libvirt/qemu/save';

export type SavingRequest = Partial<Parameters<typeof managedSaveInput>[0]>;

export interface SavingScenario extends HostScenario, OnTheWay {
  readonly request?: SavingRequest;
  /** Done to the host before the run begins. */
  readonly before?: (hand: Hypervisor) => Promise<unknown>;
}

/** One managed save in a simulated world, and what is left of the world. */
export async function savingSimulated(scenario: SavingScenario = {}) {
  const usual = { ...privateGuest, memoryBytes: 256 * mib };
  const host = await openSimulatedHost(scenario, usual, imageDirectory);
  const { clock, hand, world } = host;
  await clock.run(Promise.resolve(scenario.before?.(hand)));
  const asked = { domain: 'guest', host: hostUri, action: 'save', ...scenario.request } as const;
  const ended = await driveSimulated(host, bindManagedSave, managedSaveInput(asked), scenario);
  return {
    ...ended,
    output: ended.output as ManagedSaveOutput,
    guest: world.listing()[0]?.domains[0] ?? null,
    files: world.files('hostA').map(({ path }) => path),
  };
}

export type SavingEnd = Awaited<ReturnType<typeof savingSimulated>>;
