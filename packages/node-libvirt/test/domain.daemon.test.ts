import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  abortJobFlags,
  createFlags,
  EncodeError,
  errorCodes,
  isLibvirtError,
  isNoDomain,
  isNoDomainMetadata,
  isOperationInvalid,
  listDomainsFlags,
  migrateFlags,
  modificationImpact,
  open,
  QemuMonitorError,
  undefineFlags,
  xmlFlags,
  type Connection,
  type Domain,
} from '../src/index.ts';
import {
  describeDaemon,
  disklessGuest,
  openTestDriver,
  removeGuest,
  uniqueName,
} from './daemon.ts';

describeDaemon('a domain of a real daemon', (uri) => {
  let connection: Connection;
  let guest: Domain;
  const name = uniqueName();
  beforeAll(async () => {
    connection = await open(uri);
    const defined = await connection.domainDefineXML(disklessGuest(name));
    expect(defined.id).toBeNull();
    guest = await defined.create();
  });
  afterAll(async () => {
    await removeGuest(connection, name);
    await connection.close();
  });

  it('is found by name, by uuid and in the listing', async () => {
    expect(guest.id).toBeGreaterThan(0);
    const byName = await connection.domainLookupByName(name);
    const byUuid = await connection.domainLookupByUUID(guest.uuid);
    expect([byName.uuid, byName.id]).toEqual([guest.uuid, guest.id]);
    expect([byUuid.name, byUuid.id]).toEqual([name, guest.id]);
    const active = await connection.listAllDomains({ flags: listDomainsFlags.ACTIVE });
    const inactive = await connection.listAllDomains({ flags: listDomainsFlags.INACTIVE });
    expect(active.map((domain) => domain.name)).toContain(name);
    expect(inactive.map((domain) => domain.name)).not.toContain(name);
    const absent = connection.domainLookupByName(uniqueName());
    await expect(absent).rejects.toSatisfy(isNoDomain);
  });

  it('tells its state, and what it is', async () => {
    expect(await guest.getState()).toEqual({
      state: 'running',
      reason: 'booted',
      stateNumber: 1,
      reasonNumber: 1,
    });
    expect(await guest.getInfo()).toMatchObject({
      state: 'running',
      maxMemoryKiB: 32_768,
      virtCpus: 1,
    });
    expect([await guest.isActive(), await guest.isPersistent()]).toEqual([true, true]);
    expect(await guest.getXMLDesc()).toContain(`<domain type='qemu' id='${guest.id}'`);
    expect(await guest.getXMLDesc({ flags: xmlFlags.INACTIVE })).not.toContain(
      "<domain type='qemu' id=",
    );
  });

  it('is suspended and resumed', async () => {
    await guest.suspend();
    expect(await guest.getState()).toMatchObject({ state: 'paused', reason: 'user' });
    await guest.resume();
    expect(await guest.getState()).toMatchObject({ state: 'running', reason: 'unpaused' });
  });

  it('has no job, and says so in every way', async () => {
    expect(await guest.getJobInfo()).toMatchObject({ type: 'none', dataTotalBytes: 0 });
    expect(await guest.getJobStats()).toEqual({ type: 'none', typeNumber: 0, stats: {} });
    await expect(guest.abortJob()).rejects.toSatisfy(isOperationInvalid);
    const aborted = guest.abortJob({ flags: abortJobFlags.POSTCOPY });
    await expect(aborted).rejects.toSatisfy(isOperationInvalid);
    await expect(guest.migrateStartPostCopy()).rejects.toSatisfy(isOperationInvalid);
  });

  it('keeps the limits of a migration', async () => {
    await guest.migrateSetMaxSpeed(40);
    expect(await guest.migrateGetMaxSpeed()).toBe(40);
    await guest.migrateSetMaxDowntime(250);
    expect(await guest.migrateGetMaxDowntime()).toBe(250);
  });

  it('stores metadata in a namespace, and forgets it', async () => {
    const options = { uri: 'urn:node-libvirt:test', key: 'nl', flags: modificationImpact.LIVE };
    await expect(guest.getMetadata('element', options)).rejects.toSatisfy(isNoDomainMetadata);
    await guest.setMetadata('element', '<claim run="1"/>', options);
    expect(await guest.getMetadata('element', options)).toContain('run="1"');
    await guest.setMetadata('element', null, options);
    await expect(guest.getMetadata('element', options)).rejects.toSatisfy(isNoDomainMetadata);
    const title = { flags: modificationImpact.CONFIG };
    await guest.setMetadata('title', 'ünïcode', title);
    expect(await guest.getMetadata('title', title)).toBe('ünïcode');
  });

  it('keeps elements of several namespaces apart, of what runs and of the definition', async () => {
    const flags = modificationImpact.LIVE | modificationImpact.CONFIG;
    const [one, other] = ['one', 'other'].map((space) => ({
      uri: `urn:nl:${space}`,
      key: 'nl',
      flags,
    }));
    await guest.setMetadata('element', '<claim run="1" engine="&lt;&amp;&quot;>"/>', one);
    await guest.setMetadata('element', '<claim run="2"/>', other);
    for (const where of [modificationImpact.LIVE, modificationImpact.CONFIG]) {
      const text = await guest.getMetadata('element', { uri: 'urn:nl:one', flags: where });
      expect(text).toContain('run="1" engine="&lt;&amp;&quot;');
    }
    await guest.setMetadata('element', null, one);
    await guest.setMetadata('element', null, one);
    expect(await guest.getMetadata('element', { uri: 'urn:nl:other' })).toContain('run="2"');
    expect(await guest.getXMLDesc({ flags: xmlFlags.INACTIVE })).not.toContain('urn:nl:one');
    await guest.setMetadata('element', null, other);
  });

  it('takes no metadata that is not well formed, nor longer than libvirt takes', async () => {
    const options = { uri: 'urn:nl:one', key: 'nl' };
    const torn = guest.setMetadata('element', '<claim', options);
    await expect(torn).rejects.toSatisfy((error) => isLibvirtError(error));
    const endless = guest.setMetadata('element', `<claim run="${'1'.repeat(2 ** 22)}"/>`, options);
    await expect(endless).rejects.toThrow(EncodeError);
    await expect(guest.getMetadata('element', options)).rejects.toSatisfy(isNoDomainMetadata);
  });

  it('has no such disk and no snapshots', async () => {
    await expect(guest.getBlockInfo('vda')).rejects.toSatisfy((error) =>
      isLibvirtError(error, errorCodes.INVALID_ARG),
    );
    await expect(guest.getBlockJobInfo('vda')).rejects.toSatisfy((error) => isLibvirtError(error));
    expect(await guest.snapshotNum()).toBe(0);
    expect(await guest.listAllSnapshots()).toEqual([]);
  });

  it("passes commands to QEMU's monitor and back", async () => {
    expect(await guest.qemuMonitorCommand('query-name')).toEqual({ name });
    const read = { path: '/machine', property: 'type' };
    expect(await guest.qemuMonitorCommand('qom-get', read)).toContain('pc');
    const refused = guest.qemuMonitorCommand('no-such-command');
    await expect(refused).rejects.toThrow(QemuMonitorError);
    await expect(refused).rejects.toMatchObject({ errorClass: 'CommandNotFound' });
  });

  it('answers the phase calls of a migration with real errors, and Begin with XML', async () => {
    const flags = migrateFlags.LIVE | migrateFlags.PEER2PEER;
    const nowhere = guest.migratePerform3Params({
      destinationUri: 'qemu+tcp://127.0.0.1:1/system',
      params: { bandwidth: 10, destination_name: 'elsewhere' },
      flags,
    });
    await expect(nowhere).rejects.toMatchObject({ procedure: 'domainMigratePerform3Params' });
    const wrong = guest.migratePerform3Params({
      flags: flags | migrateFlags.TUNNELLED | (2 ** 30),
    });
    await expect(wrong).rejects.toSatisfy((error) => isLibvirtError(error));
    const begun = await guest.migrateBegin3Params({ flags: migrateFlags.LIVE });
    expect(begun.xml).toContain(`<name>${name}</name>`);
    expect(begun.cookie.length).toBeGreaterThan(0);
    expect(await guest.getState()).toMatchObject({ state: 'running' });
  });

  it('starts as a transient domain, paused, and is gone when destroyed', async () => {
    const transient = uniqueName();
    const started = await connection.domainCreateXML(disklessGuest(transient), {
      flags: createFlags.PAUSED,
    });
    expect(await started.getState()).toMatchObject({ state: 'paused' });
    expect(await started.isPersistent()).toBe(false);
    await started.destroy();
    await expect(started.getState()).rejects.toSatisfy(isNoDomain);
  });

  it('is started by its host or not, as it is told', async () => {
    expect(await guest.getAutostart()).toBe(false);
    await guest.setAutostart(true);
    expect(await guest.getAutostart()).toBe(true);
    await guest.setAutostart(false);
    expect(await guest.getAutostart()).toBe(false);
  });

  it('becomes transient when it is undefined while it runs', async () => {
    const undefinedLater = uniqueName();
    const defined = await connection.domainDefineXML(disklessGuest(undefinedLater));
    await defined.create({ flags: createFlags.PAUSED });
    await defined.undefine({ flags: undefineFlags.MANAGED_SAVE });
    expect([await defined.isPersistent(), await defined.isActive()]).toEqual([false, true]);
    await defined.destroy();
  });

  it('refuses XML it does not understand', async () => {
    await expect(connection.domainDefineXML('<domain/>')).rejects.toSatisfy((error) =>
      isLibvirtError(error, errorCodes.XML_ERROR, errorCodes.NO_NAME),
    );
  });
});

describeDaemon("libvirt's test driver behind the daemon", (uri) => {
  it('has its own domain', async () => {
    await using connection = await openTestDriver(uri);
    expect(await connection.getType()).toBe('TEST');
    const domain = await connection.domainLookupByName('test');
    expect(await domain.getState()).toMatchObject({ state: 'running' });
    expect(await domain.snapshotNum()).toBe(0);
  });
});
