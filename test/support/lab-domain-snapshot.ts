import { readdir } from 'node:fs/promises';
import { basename } from 'node:path/posix';
import { afterAll, beforeAll, expect } from 'vitest';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import type { DomainSnapshotInput, DomainSnapshotOutput } from '../../machines/index.ts';
import { domainSnapshotInput } from '../../machines/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import type { Hypervisors } from '../../src/index.ts';
import { expectTicking, labRuns, openLabHosts } from './lab-runs.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

export { expectTicking };

/** Where the guests' disks are, as the host sees it. */
export const diskDirectory = '/var/lib/libvirt/images';

export interface LabSnapshotRequest extends OnTheWay {
  readonly domain?: string;
  readonly input?: Partial<DomainSnapshotInput>;
}

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useDomainSnapshotLab(
  purpose: string,
  on = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    const options = { extraDisk: '16M', control: 'present', ...guestOptions } as const;
    const guest = await lab.guest('guest', { on, ...options });
    opened = { lab, hypervisors: openLabHosts(lab), guest };
  }, 180_000);
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
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`domainSnapshot x ${state} x ${fault} x ${outcome}`);
    },
    snapshot: async (request: LabSnapshotRequest = {}): Promise<DomainSnapshotOutput> => {
      const { guest, hypervisors, lab } = current();
      const { domain = guest.name } = request;
      const input = domainSnapshotInput({
        domain,
        host: host().uri,
        name: 'one',
        ...request.input,
      });
      return driven({ hypervisors, lab }, input, request);
    },
    /** What whoever was told of a claim that is left does last. */
    releaseClaims: async (): Promise<void> => {
      const { guest, hypervisors } = current();
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host().uri, signal);
      for (const { run } of await hypervisor.findClaims(guest.uuid, signal))
        await hypervisor.releaseClaim(guest.uuid, run, signal);
    },
    /** All that a snapshot may change of a domain and beside it. */
    picture: async (domain = current().guest.name) => {
      const { domains } = await host().listing();
      const live = await host().virsh(['dumpxml', domain]);
      const configured = await host().virsh(['dumpxml', '--inactive', domain]);
      const snapshots = (await host().virsh(['snapshot-list', domain, '--name'])).trim();
      const names = snapshots.split('\n').filter((name) => name !== '');
      // One virsh for all: each takes its time to connect.
      const kept = await host().virsh([
        ['version', ...names.map((name) => `snapshot-dumpxml ${domain} ${name}`)].join('; '),
      ]);
      const listed = domains?.find(({ name }) => name === domain);
      return {
        files: (await readdir(host().paths.imagesDir)).toSorted(),
        disks: sourcesIn(live),
        configured: sourcesIn(configured),
        snapshots: names,
        claimed: [live, configured, kept].filter((xml) => xml.includes('virtstate:claim')).length,
        state: listed?.state,
        persistent: listed?.persistent,
        job: listed?.job,
        blockJobs: listed?.blockJobs,
      };
    },
  };
}

export type SnapshotStage = ReturnType<typeof useDomainSnapshotLab>;
export type Picture = Awaited<ReturnType<SnapshotStage['picture']>>;

/** The top of each disk, by its device. */
function sourcesIn(xml: string): Record<string, string> {
  const disks = xml.match(/<disk [\s\S]*?<\/disk>/g) ?? [];
  return Object.fromEntries(
    disks.map((disk) => {
      const [, target = ''] = /<target dev='([^']*)'/.exec(disk) ?? [];
      const [, path = ''] = /<source file='([^']*)'/.exec(disk) ?? [];
      return [target, path];
    }),
  );
}

const driven = labRuns<DomainSnapshotOutput>(bindDomainSnapshot);

/**
 * What stands there more than before is what the run's record names: overlays, memory and the
 * snapshot; and nobody claims the domain, nor would after a revert.
 */
export function expectTaken(
  before: Picture,
  after: Picture,
  { artefacts, snapshot }: DomainSnapshotOutput,
): void {
  const made = artefacts.filter(({ kind }) => kind === 'overlay' || kind === 'memory');
  expect(artefacts.map(({ status }) => status)).toEqual(artefacts.map(() => 'made'));
  const files = [...before.files, ...made.map(({ path }) => basename(path))];
  expect(after.files).toEqual(files.toSorted());
  const names =
    snapshot?.recorded === true ? [...before.snapshots, snapshot.name] : before.snapshots;
  expect(after.snapshots.toSorted()).toEqual(names.toSorted());
  for (const { overlay, targetDev } of snapshot?.disks ?? [])
    if (overlay !== null)
      for (const disks of [after.disks, after.configured])
        expect(disks[targetDev]).toBe(overlay.path);
  expect(after).toMatchObject({ claimed: 0, persistent: true, job: null, blockJobs: [] });
}
