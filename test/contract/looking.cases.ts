import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const unknownUuid = '01234567-89ab-4cde-8f01-23456789abcd';

/** What only reads. */
export const lookingCases: Cases = {
  'an unknown name or uuid is null': async ({ source }) => {
    expect(await source.findDomain('no-such-domain', unending)).toBeNull();
    expect(await source.findDomain(unknownUuid, unending)).toBeNull();
    expect(await source.findStatus(unknownUuid, unending)).toBeNull();
    expect(await source.findState(unknownUuid, unending)).toBeNull();
  },

  'every domain of a host is named': async (fixture) => {
    const guest = await fixture.newGuest('private');
    expect(await fixture.source.listDomains(unending)).toContain(guest.name);
    expect(await fixture.destination.listDomains(unending)).not.toContain(guest.name);
  },

  'a running guest is found by name and by uuid, with its disk': async (fixture) => {
    const guest = await fixture.newGuest('private');
    expect(guest).toMatchObject({ state: 'running', persistent: true, job: null });
    expect(guest).toMatchObject({ hostDevices: [], networks: [], snapshotCount: 0 });
    expect(guest.disks).toMatchObject([
      { targetDev: 'vda', device: 'disk', source: 'file', readOnly: false, blockJob: null },
    ]);
    expect(guest.disks[0]?.capacityBytes).toBeGreaterThan(0);
    expect(await fixture.source.findDomain(guest.name, unending)).toMatchObject({
      uuid: guest.uuid,
    });
    const { uuid, name, state, reason, persistent, job } = guest;
    const status = { uuid, name, state, reason, persistent, job };
    expect(await fixture.status('source', uuid)).toEqual(status);
    expect(await fixture.source.findState(uuid, unending)).toBe(state);
  },

  'two hosts can be told apart': async ({ source, destination }) => {
    const here = await source.inspectHost(unending);
    const there = await destination.inspectHost(unending);
    expect(here.uri).toBe(source.uri);
    expect(here.hostUuid).not.toBe(there.hostUuid);
    expect(here.hostname).not.toBe(there.hostname);
    expect(here.freeMemoryBytes).toBeGreaterThan(0);
  },

  'a daemon says which other daemons it can reach': async ({ hosts, source }) => {
    expect(await source.probeFrom(hosts.destinationConnectUri, unending)).toEqual({
      reachable: true,
    });
    expect(await source.probeFrom(hosts.unreachableConnectUri, unending)).toMatchObject({
      reachable: false,
    });
  },

  'the definition names the domain': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const xml = await fixture.source.domainXml(guest.uuid, unending);
    expect(xml).toContain(`<name>${guest.name}</name>`);
    expect(xml).toContain(`<uuid>${guest.uuid}</uuid>`);
  },

  'a call that is aborted beforehand does nothing': async ({ source }) => {
    const failure = await failureOf(source.inspectHost(AbortSignal.abort()));
    expect(failure).toMatchObject({ code: 'aborted', effect: 'none' });
  },

  'the destination tells where a copied disk would lie': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const { options, copyDisks } = fixture.callFor(guest, { copyStorage: 'all' });
    const domainXml = await fixture.source.domainXml(guest.uuid, unending);
    const request = { domain: guest, domainXml, options, copyDisks, stayingDisks: [] };
    const incoming = await fixture.destination.assessIncoming(request, unending);
    expect(incoming).toMatchObject({
      nameTakenBy: null,
      uuidTakenBy: null,
      definedThere: false,
      halfMovedThere: false,
      machineTypeKnown: true,
      networksMissing: [],
    });
    const [disk] = guest.disks;
    expect(incoming.disks).toMatchObject([
      { targetDev: 'vda', path: disk?.path, pool: 'images', existing: null, usedBy: null },
    ]);
    expect(incoming.disks[0]?.poolAvailableBytes).toBeGreaterThan(0);
  },

  "the destination tells the size of what stands in a copy's way, and no more": async (fixture) => {
    const guest = await fixture.newGuest('private');
    const path = guest.disks[0]?.path ?? '';
    const { options, copyDisks } = fixture.callFor(guest, { copyStorage: 'all' });
    const domainXml = await fixture.source.domainXml(guest.uuid, unending);
    await fixture.destination.createVolume(path, 512, unending);
    const request = { domain: guest, domainXml, options, copyDisks, stayingDisks: [] };
    const incoming = await fixture.destination.assessIncoming(request, unending);
    expect(incoming.disks[0]?.existing).toEqual({ capacityBytes: 512 });
    await fixture.destination.deleteVolume(path, unending);
  },

  'the destination tells whether a disk that is not copied stands there': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const path = guest.disks[0]?.path ?? '';
    const { options } = fixture.callFor(guest);
    const domainXml = await fixture.source.domainXml(guest.uuid, unending);
    const look = async () => {
      const request = { domain: guest, domainXml, options, copyDisks: [], stayingDisks: ['vda'] };
      return fixture.destination.assessIncoming(request, unending);
    };
    const absent = { targetDev: 'vda', path, pool: 'images', exists: false };
    expect(await look()).toMatchObject({ disks: [], stayingDisks: [absent] });
    await fixture.destination.createVolume(path, 512, unending);
    expect((await look()).stayingDisks).toEqual([{ ...absent, exists: true }]);
    await fixture.destination.deleteVolume(path, unending);
  },

  'the destination tells who has the name already': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const uuid = await fixture.newDestinationDomain(guest.name);
    const { options, copyDisks } = fixture.callFor(guest);
    const domainXml = await fixture.source.domainXml(guest.uuid, unending);
    const incoming = await fixture.destination.assessIncoming(
      { domain: guest, domainXml, options, copyDisks, stayingDisks: [] },
      unending,
    );
    expect(incoming.nameTakenBy).toEqual({ uuid, active: true });
    expect(incoming.uuidTakenBy).toBeNull();
  },

  'libvirt calls a disk that is neither copied nor known as shared unsafe': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    const judge = (options: { unsafe: boolean }) =>
      fixture.source.judgeMigration(fixture.callFor(guest, options), unending);
    const verdict = await judge({ unsafe: false });
    expect(verdict).toMatchObject({ code: 'migrateUnsafe', libvirt: { code: 81 } });
    expect(await judge({ unsafe: true })).toBeNull();
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ job: null });
  },

  'libvirt calls a disk that is copied safe': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const call = fixture.callFor(guest, { copyStorage: 'all', unsafe: false });
    expect(await fixture.source.judgeMigration(call, unending)).toBeNull();
  },

  'a watch reads the present state before it tells of any change': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const watched = fixture.watch('source', guest.uuid);
    await watched.sees('state running booted');
    await fixture.source.suspend(guest.uuid, unending);
    await watched.sees('state paused user');
    expect(watched.observations[0]).toMatchObject({ kind: 'state', state: 'running' });
    expect(watched.events).toEqual(['suspended paused']);
  },

  'a watch that is taken up again tells what it finds, and that there is nothing': async (
    fixture,
  ) => {
    const guest = await fixture.newBareDomain();
    const here = fixture.watch('source', guest.uuid, 'resumed');
    const there = fixture.watch('destination', guest.uuid, 'resumed');
    await Promise.all([here.sees('state running booted'), there.sees('state shutoff unknown')]);
    for (const { events } of [here, there]) expect(events).toEqual(['connectionRegained']);
  },

  'a watch that is aborted ends and tells nothing more': async (fixture) => {
    const guest = await fixture.newBareDomain();
    const watched = fixture.watch('source', guest.uuid);
    await watched.sees('state running booted');
    await watched.stop();
    await fixture.source.suspend(guest.uuid, unending);
    expect(await fixture.status('source', guest.uuid)).toMatchObject({ state: 'paused' });
    expect(watched.observations).toHaveLength(1);
  },
};
