import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labUp, type Lab, type LabHost } from '../../lab/index.ts';
import { migrationOptions } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { MigrateCall, MigrationOptions } from '../../src/ports/migration.ts';
import { Watched } from '../contract/watched.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const unending = new AbortController().signal;
const runFile = promisify(execFile);

function virsh(host: LabHost, ...words: string[]) {
  return runFile('virsh', ['-c', host.uri, ...words]);
}

describeLab('the libvirt adapter on two real daemons', () => {
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  let hypervisors: Hypervisors;
  let source: Hypervisor;
  let destination: Hypervisor;

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('adapter') });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  });

  beforeAll(async () => {
    await lab.reset();
    hypervisors = createLibvirtHypervisors({ clock: systemClock });
    source = await hypervisors.open(hostA.uri, unending);
    destination = await hypervisors.open(hostB.uri, unending);
  });

  afterAll(async () => {
    await hypervisors.close();
    await lab.down();
  });

  function callFor(domainUuid: string, given: Partial<MigrationOptions>): MigrateCall {
    const options = migrationOptions({ destinationConnectUri: hostB.tcp, ...given });
    const copyDisks = options.copyStorage === 'none' ? [] : ['vda'];
    return { domainUuid, purpose: 'move', persistent: true, copyDisks, options };
  }

  describe('probing from a daemon', () => {
    test('reaches a host by its advertised name', async () => {
      const { hostname } = await destination.inspectHost(unending);
      const seen = await source.probeFrom(`qemu+tcp://${hostname}/system`, unending);
      expect(seen).toEqual({ reachable: true });
    });

    test('says so where the name does not resolve there', async () => {
      const { hostname } = await destination.inspectHost(unending);
      await hostA.setNameResolution('own');
      try {
        const seen = await source.probeFrom(`qemu+tcp://${hostname}/system`, unending);
        expect(seen).toMatchObject({ reachable: false });
      } finally {
        await hostA.setNameResolution('all');
      }
    });

    test('does not hang a daemon that is led back to itself', async () => {
      for (const own of [hostA.address, '127.0.0.1'])
        expect(await source.probeFrom(`qemu+tcp://${own}/system`, unending)).toEqual({
          reachable: true,
        });
      const stillThere = await source.inspectHost(AbortSignal.timeout(5000));
      expect(stillThere.hostname).toBe('hostA');
    });

    test('does not wait for a peer that never answers', async () => {
      await hostA.dropPort({ ports: '16509', direction: 'out', effect: 'drop' });
      try {
        const startedAtMs = performance.now();
        const seen = await source.probeFrom(hostB.tcp, unending);
        expect(seen).toMatchObject({ reachable: false });
        expect(performance.now() - startedAtMs).toBeLessThan(6_000);
      } finally {
        await hostA.clearLink();
      }
    });
  });

  describe("libvirt's own judgement", () => {
    test('starts no job and leaves nothing behind', async () => {
      const { uuid } = await lab.bareDomain('judged', { on: hostA.name });
      const before = await lab.listing();
      expect(await source.judgeMigration(callFor(uuid, {}), unending)).toBeNull();
      expect(await hostA.migrationTruth('judged')).toBeNull();
      expect(await source.findStatus(uuid, unending)).toMatchObject({ job: null });
      expect(await lab.listing()).toEqual(before);
    });

    test('refuses a guest with a snapshot', async () => {
      const { uuid } = await lab.guest('snapped', { on: hostA.name, agent: 'absent' });
      await virsh(hostA, 'snapshot-create-as', 'snapped', 'one', '--disk-only');
      const call = callFor(uuid, { copyStorage: 'all' });
      const verdict = await source.judgeMigration(call, unending);
      expect(verdict).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
      expect(await source.findDomain('snapped', unending)).toMatchObject({ snapshotCount: 1 });
    });

    test('refuses at once, not after the lock wait, while another job runs', async () => {
      const { uuid } = await lab.bareDomain('busy', { on: hostA.name, memoryMiB: 512 });
      const watched = new Watched(source, uuid, 'source');
      const migrated = source.migrate(callFor(uuid, { bandwidthMibPerS: 1 }), unending);
      const ended = migrated.catch(toFailure);
      await watched.sees('migrationJob out');
      const startedAtMs = performance.now();
      const verdict = await source.judgeMigration(callFor(uuid, {}), unending);
      expect(verdict).toMatchObject({ code: 'jobActive', effect: 'none' });
      expect(performance.now() - startedAtMs).toBeLessThan(5_000);
      await source.abortJob(uuid, unending);
      await ended;
      await watched.stop();
    });
  });

  describe('what the destination tells of disks', () => {
    test('a volume that stands there, and the domain that uses it', async () => {
      const { uuid } = await lab.guest('arriving', { on: hostA.name, agent: 'absent' });
      const domain = await mustFind(source, uuid);
      const path = domain.disks[0]?.path ?? '';
      await virsh(hostB, 'vol-create-as', 'images', basename(path), '8M', '--format', 'qcow2');
      await lab.bareDomain('user', { on: hostB.name });
      await virsh(hostB, 'attach-disk', 'user', path, 'vdz', '--subdriver', 'qcow2');
      const { options, copyDisks } = callFor(uuid, { copyStorage: 'all' });
      const domainXml = await source.domainXml(uuid, unending);
      const request = { domain, domainXml, options, copyDisks, stayingDisks: [] };
      const { cpu, disks } = await destination.assessIncoming(request, unending);
      expect(disks).toMatchObject([
        { path, existing: { capacityBytes: 8 * 2 ** 20 }, usedBy: 'user', pool: 'images' },
      ]);
      expect(['identical', 'superset']).toContain(cpu);
    });

    test('a path of another definition, where no pool is', async () => {
      const { uuid } = await lab.guest('elsewhere', { on: hostA.name, agent: 'absent' });
      const domain = await mustFind(source, uuid);
      const xml = await source.domainXml(uuid, unending);
      const destinationXml = xml.replaceAll('/var/lib/libvirt/images/', '/nowhere/');
      const { options, copyDisks } = callFor(uuid, { copyStorage: 'all', destinationXml });
      const { disks } = await destination.assessIncoming(
        { domain, domainXml: xml, options, copyDisks, stayingDisks: [] },
        unending,
      );
      expect(disks).toEqual([
        {
          targetDev: 'vda',
          path: '/nowhere/elsewhere.qcow2',
          capacityBytes: domain.disks[0]?.capacityBytes,
          pool: null,
          poolAvailableBytes: null,
          existing: null,
          usedBy: null,
        },
      ]);
    });
  });

  describe('a watch', () => {
    test('tells that its daemon went and came back, and what is true then', async () => {
      const { uuid } = await lab.bareDomain('surviving', { on: hostB.name });
      const watched = new Watched(destination, uuid, 'destination');
      await watched.sees('state running booted');
      await hostB.kill();
      await watched.sees('connectionLost');
      await hostB.start();
      await watched.sees('connectionRegained');
      await destination.suspend(uuid, unending);
      await Promise.all([watched.sees('suspended paused'), watched.sees('state paused user')]);
      await watched.stop();
      const told = watched.observations.map((each) => each.kind);
      expect(told.slice(0, 3)).toEqual(['state', 'connectionLost', 'connectionRegained']);
    });
  });

  test('a call to a daemon that hangs ends with its signal', async () => {
    const abort = new AbortController();
    await hostB.sigstop();
    try {
      const failed = destination.inspectHost(abort.signal).catch(toFailure);
      abort.abort();
      expect(await failed).toMatchObject({ code: 'aborted', effect: 'unknown' });
    } finally {
      await hostB.sigcont();
    }
  });
});

async function mustFind(host: Hypervisor, uuid: string): Promise<DomainView> {
  const found = await host.findDomain(uuid, unending);
  if (found === null) throw new Error(`${host.uri} has no domain ${uuid}`);
  return found;
}
