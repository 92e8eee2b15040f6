import { readdir } from 'node:fs/promises';
import { basename } from 'node:path/posix';
import { expect } from 'vitest';

import type { GuestOptions } from '../../lab/index.ts';
import type { DomainSnapshotInput, DomainSnapshotOutput } from '../../machines/index.ts';
import { domainSnapshotInput } from '../../machines/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { useOneHostLab } from './lab-one-host.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labRuns } from './lab-runs.ts';

/** Where the guests' disks are, as the host sees it. */
export const diskDirectory = '/var/lib/libvirt/images';

export interface LabSnapshotRequest extends OnTheWay {
  readonly domain?: string;
  readonly input?: Partial<DomainSnapshotInput>;
}

const runs = labRuns<DomainSnapshotOutput>(bindDomainSnapshot);

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useDomainSnapshotLab(
  purpose: string,
  on: 'hostA' | 'hostC' = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  const guest = { extraDisk: '16M', control: 'present', ...guestOptions } as const;
  const stage = useOneHostLab({ purpose, machine: 'domainSnapshot', on, guest });
  return Object.assign(stage, {
    snapshot: (request: LabSnapshotRequest = {}): Promise<DomainSnapshotOutput> => {
      const { domain = stage.guest.name } = request;
      const given = { domain, host: stage.host.uri, name: 'one' };
      return runs.drive(stage, domainSnapshotInput({ ...given, ...request.input }), request);
    },
    /** All that a snapshot may change of a domain and beside it. */
    picture: async (domain = stage.guest.name) => {
      const { host } = stage;
      const { domains } = await host.listing();
      const live = await host.virsh(['dumpxml', domain]);
      const configured = await host.virsh(['dumpxml', '--inactive', domain]);
      const snapshots = (await host.virsh(['snapshot-list', domain, '--name'])).trim();
      const names = snapshots.split('\n').filter((name) => name !== '');
      // One virsh for all: each takes its time to connect.
      const kept = await host.virsh([
        ['version', ...names.map((name) => `snapshot-dumpxml ${domain} ${name}`)].join('; '),
      ]);
      const listed = domains?.find(({ name }) => name === domain);
      return {
        files: (await readdir(host.paths.imagesDir)).toSorted(),
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
  });
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
