import { afterAll, beforeAll } from 'vitest';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import type { Hypervisors } from '../../src/index.ts';
import { openLabHosts } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

export interface OneHostLabOptions {
  readonly purpose: string;
  /** Whose outcomes the manifest tells. */
  readonly machine: string;
  /** `hostC` has the newer libvirt. */
  readonly on: 'hostA' | 'hostC';
  readonly guest: Omit<GuestOptions, 'on'>;
}

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useOneHostLab({ guest: guestOptions, machine, on, purpose }: OneHostLabOptions) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  const makeGuest = (lab: Lab): Promise<LabGuest> => lab.guest('guest', { on, ...guestOptions });
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    opened = { lab, hypervisors: openLabHosts(lab), guest: await makeGuest(lab) };
  }, 240_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  return {
    get lab() {
      return current().lab;
    },
    get host() {
      return host();
    },
    get guest() {
      return current().guest;
    },
    get hypervisors() {
      return current().hypervisors;
    },
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`${machine} x ${state} x ${fault} x ${outcome}`);
    },
    /** The lab as new, with another guest: what a failed test left speaks for itself alone. */
    renew: async (): Promise<void> => {
      const { hypervisors, lab } = current();
      await lab.reset();
      opened = { lab, hypervisors, guest: await makeGuest(lab) };
    },
    /** What whoever was told of a claim that is left does last. */
    releaseClaims: async (): Promise<void> => {
      const { guest, hypervisors } = current();
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host().uri, signal);
      for (const { run } of await hypervisor.findClaims(guest.uuid, signal))
        await hypervisor.releaseClaim(guest.uuid, run, signal);
    },
  };
}
