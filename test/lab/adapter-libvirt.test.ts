import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { LabHost } from '../../lab/index.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { Watched } from '../contract/watched.ts';
import { useAdapterLab } from '../support/lab-adapter.ts';
import { describeLab } from '../support/needs.ts';

const unending = new AbortController().signal;
const runFile = promisify(execFile);

function virsh(host: LabHost, ...words: string[]) {
  return runFile('virsh', ['-c', host.uri, ...words]);
}

describeLab('the libvirt adapter on two real daemons', () => {
  const stage = useAdapterLab('adapter', { resetFirst: true });

  describe('probing from a daemon', () => {
    test('reaches a host by its advertised name', async () => {
      const { hostname } = await stage.destination.inspectHost(unending);
      const seen = await stage.source.probeFrom(`qemu+tcp://${hostname}/system`, unending);
      expect(seen).toEqual({ reachable: true });
    });

    test('says so where the name does not resolve there', async () => {
      const { hostname } = await stage.destination.inspectHost(unending);
      await stage.hostA.setNameResolution('own');
      try {
        const seen = await stage.source.probeFrom(`qemu+tcp://${hostname}/system`, unending);
        expect(seen).toMatchObject({ reachable: false });
      } finally {
        await stage.hostA.setNameResolution('all');
      }
    });

    test('does not hang a daemon that is led back to itself', async () => {
      for (const own of [stage.hostA.address, '127.0.0.1'])
        expect(await stage.source.probeFrom(`qemu+tcp://${own}/system`, unending)).toEqual({
          reachable: true,
        });
      const stillThere = await stage.source.inspectHost(AbortSignal.timeout(5000));
      expect(stillThere.hostname).toBe('hostA');
    });

    test('does not wait for a peer that never answers', async () => {
      await stage.hostA.dropPort({ ports: '16509', direction: 'out', effect: 'drop' });
      try {
        const startedAtMs = performance.now();
        const seen = await stage.source.probeFrom(stage.hostB.tcp, unending);
        expect(seen).toMatchObject({ reachable: false });
        expect(performance.now() - startedAtMs).toBeLessThan(6_000);
      } finally {
        await stage.hostA.clearLink();
      }
    });
  });

  describe("libvirt's own judgement", () => {
    test('starts no job and leaves nothing behind', async () => {
      const { uuid } = await stage.lab.bareDomain('judged', { on: stage.hostA.name });
      const before = await stage.lab.listing();
      expect(await stage.source.judgeMigration(stage.callFor(uuid, {}), unending)).toBeNull();
      expect(await stage.hostA.migrationTruth('judged')).toBeNull();
      expect(await stage.source.findStatus(uuid, unending)).toMatchObject({ job: null });
      expect(await stage.lab.listing()).toEqual(before);
    });

    test('refuses a guest with a snapshot', async () => {
      const { uuid } = await stage.lab.guest('snapped', { on: stage.hostA.name, agent: 'absent' });
      await virsh(stage.hostA, 'snapshot-create-as', 'snapped', 'one', '--disk-only');
      const call = stage.callFor(uuid, { copyStorage: 'all' });
      const verdict = await stage.source.judgeMigration(call, unending);
      expect(verdict).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
      expect(await stage.source.findDomain('snapped', unending)).toMatchObject({
        snapshotCount: 1,
      });
    });

    test('refuses at once, not after the lock wait, while another job runs', async () => {
      const { uuid } = await stage.lab.bareDomain('busy', { on: stage.hostA.name, memoryMiB: 512 });
      const watched = new Watched(stage.source, uuid, 'source');
      const migrated = stage.source.migrate(stage.callFor(uuid, { bandwidthMibPerS: 1 }), unending);
      const ended = migrated.catch(toFailure);
      await watched.sees('migrationJob out');
      const startedAtMs = performance.now();
      const verdict = await stage.source.judgeMigration(stage.callFor(uuid, {}), unending);
      expect(verdict).toMatchObject({ code: 'jobActive', effect: 'none' });
      expect(performance.now() - startedAtMs).toBeLessThan(5_000);
      await stage.source.abortJob(uuid, unending);
      await ended;
      await watched.stop();
    });
  });

  describe('what the destination tells of disks', () => {
    test('a volume that stands there, and the domain that uses it', async () => {
      const { destination, hostA, hostB, lab, source } = stage;
      const { uuid } = await lab.guest('arriving', { on: hostA.name, agent: 'absent' });
      const domain = await mustFind(source, uuid);
      const path = domain.disks[0]?.path ?? '';
      await virsh(hostB, 'vol-create-as', 'images', basename(path), '8M', '--format', 'qcow2');
      await lab.bareDomain('user', { on: hostB.name });
      await virsh(hostB, 'attach-disk', 'user', path, 'vdz', '--subdriver', 'qcow2');
      const { options, copyDisks } = stage.callFor(uuid, { copyStorage: 'all' });
      const domainXml = await source.domainXml(uuid, unending);
      const request = { domain, domainXml, options, copyDisks, stayingDisks: [] };
      const { cpu, disks } = await destination.assessIncoming(request, unending);
      expect(disks).toMatchObject([
        { path, existing: { capacityBytes: 8 * 2 ** 20 }, usedBy: 'user', pool: 'images' },
      ]);
      expect(['identical', 'superset']).toContain(cpu);
    });

    test('a path of another definition, where no pool is', async () => {
      const { uuid } = await stage.lab.guest('elsewhere', {
        on: stage.hostA.name,
        agent: 'absent',
      });
      const domain = await mustFind(stage.source, uuid);
      const xml = await stage.source.domainXml(uuid, unending);
      const destinationXml = xml.replaceAll('/var/lib/libvirt/images/', '/nowhere/');
      const { options, copyDisks } = stage.callFor(uuid, { copyStorage: 'all', destinationXml });
      const { disks } = await stage.destination.assessIncoming(
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
      const { uuid } = await stage.lab.bareDomain('surviving', { on: stage.hostB.name });
      const watched = new Watched(stage.destination, uuid, 'destination');
      await watched.sees('state running booted');
      await stage.hostB.kill();
      await watched.sees('connectionLost');
      await stage.hostB.start();
      await watched.sees('connectionRegained');
      await stage.destination.suspend(uuid, unending);
      await Promise.all([watched.sees('suspended paused'), watched.sees('state paused user')]);
      await watched.stop();
      const told = watched.observations.map((each) => each.kind);
      expect(told.slice(0, 3)).toEqual(['state', 'connectionLost', 'connectionRegained']);
    });
  });

  test('a call to a daemon that hangs ends with its signal', async () => {
    const abort = new AbortController();
    await stage.hostB.sigstop();
    try {
      const failed = stage.destination.inspectHost(abort.signal).catch(toFailure);
      abort.abort();
      expect(await failed).toMatchObject({ code: 'aborted', effect: 'unknown' });
    } finally {
      await stage.hostB.sigcont();
    }
  });
});

async function mustFind(host: Hypervisor, uuid: string): Promise<DomainView> {
  const found = await host.findDomain(uuid, unending);
  if (found === null) throw new Error(`${host.uri} has no domain ${uuid}`);
  return found;
}
