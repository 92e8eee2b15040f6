import { afterAll, beforeAll } from 'vitest';

import type { Lab, LabHost } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import { migrationOptions } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { MigrateCall, MigrationOptions } from '../../src/ports/migration.ts';
import { labNameFor } from './needs.ts';

const unending = new AbortController().signal;

/** What a lab is to be when the adapter comes to it. */
export interface AdapterLabOptions {
  /** Every daemon starts anew before anybody connects to it. */
  readonly resetFirst?: boolean;
}

/**
 * A lab of its own for a test file that calls the adapter itself, and the adapter's connections to both
 * of its hosts.
 */
export function useAdapterLab(purpose: string, { resetFirst = false }: AdapterLabOptions = {}) {
  let lab: Lab | null = null;
  let hypervisors: Hypervisors | null = null;
  let ends: { readonly source: Hypervisor; readonly destination: Hypervisor } | null = null;
  const hostA = (): LabHost => up(lab).host('hostA');
  const hostB = (): LabHost => up(lab).host('hostB');
  beforeAll(async () => {
    lab = await labUp({ name: labNameFor(purpose) });
  });
  beforeAll(async () => {
    if (resetFirst) await up(lab).reset();
    hypervisors = createLibvirtHypervisors({ clock: systemClock });
    const source = await hypervisors.open(hostA().uri, unending);
    ends = { source, destination: await hypervisors.open(hostB().uri, unending) };
  });
  afterAll(async () => {
    await hypervisors?.close();
    await lab?.down();
  });
  return {
    get lab() {
      return up(lab);
    },
    get hostA() {
      return hostA();
    },
    get hostB() {
      return hostB();
    },
    get hypervisors() {
      return up(hypervisors);
    },
    /** On `hostA`. */
    get source() {
      return up(ends).source;
    },
    /** On `hostB`. */
    get destination() {
      return up(ends).destination;
    },
    /** A move to `hostB` that the daemons settle among themselves, unless it is told otherwise. */
    callFor: (domainUuid: string, given: Partial<MigrationOptions>): MigrateCall => {
      const options = migrationOptions({ destinationConnectUri: hostB().tcp, ...given });
      const copyDisks = options.copyStorage === 'none' ? [] : ['vda'];
      return { domainUuid, purpose: 'move', persistent: true, copyDisks, options };
    },
  };
}

/** @throws Error when it is asked for before the lab is up */
function up<Part>(part: Part | null): Part {
  if (part === null) throw new Error('the lab is not up yet');
  return part;
}
