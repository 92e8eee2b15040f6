import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createFlags,
  errorCodes,
  isAgentUnavailable,
  isLibvirtError,
  isNoDomainSnapshot,
  open,
  snapshotCreateFlags,
  snapshotDeleteFlags,
  snapshotListFlags,
  snapshotRevertFlags,
  type Connection,
  type Domain,
  type DomainSnapshot,
} from '../src/index.ts';
import {
  describeDaemon,
  disk,
  disklessGuest,
  makeImage,
  removeGuest,
  uniqueName,
} from './daemon.ts';

const { ATOMIC, CURRENT, DISK_ONLY, NO_METADATA, QUIESCE, REDEFINE } = snapshotCreateFlags;
const internal = (snapshot: string): string =>
  `<domainsnapshot><name>${snapshot}</name></domainsnapshot>`;
const names = (snapshots: readonly DomainSnapshot[]): string[] => snapshots.map(({ name }) => name);

describeDaemon('snapshots of a guest of a real daemon', (uri) => {
  let connection: Connection;
  let directory: string;
  let guest: Domain;
  const name = uniqueName();
  const external = (snapshot: string): string =>
    `<domainsnapshot><name>${snapshot}</name><disks><disk name='vda' snapshot='external'>
      <source file='${join(directory, snapshot)}'/></disk></disks></domainsnapshot>`;

  beforeAll(async () => {
    connection = await open(uri);
    directory = await mkdtemp(join(tmpdir(), 'nlv-snapshot-'));
    const image = join(directory, 'disk.qcow2');
    await makeImage(image, 'qcow2');
    const xml = disklessGuest(name, disk('vda', image, 'qcow2'));
    guest = await connection.domainDefineXML(xml);
    guest = await guest.create({ flags: createFlags.PAUSED });
  });
  beforeEach(async () => {
    expect(await guest.snapshotNum()).toBe(0);
  });
  afterAll(async () => {
    await removeGuest(connection, name);
    await connection.close();
    await rm(directory, { recursive: true });
  });

  it('with its memory: made, found, gone back to and deleted', async () => {
    expect(await guest.hasCurrentSnapshot()).toBe(false);
    await expect(guest.snapshotCurrent()).rejects.toSatisfy(isNoDomainSnapshot);
    const made = await guest.snapshotCreateXML(internal('one'));
    expect([made.name, await guest.hasCurrentSnapshot()]).toEqual(['one', true]);
    expect(await made.getXMLDesc()).toContain("<memory snapshot='internal'/>");
    expect((await guest.snapshotLookupByName('one')).domain.uuid).toBe(guest.uuid);
    await expect(guest.snapshotLookupByName('two')).rejects.toSatisfy(isNoDomainSnapshot);
    await made.revert({ flags: snapshotRevertFlags.RUNNING });
    expect(await guest.getState()).toMatchObject({ state: 'running', reason: 'from-snapshot' });
    const { RUNNING, PAUSED } = snapshotRevertFlags;
    const both = made.revert({ flags: RUNNING | PAUSED });
    await expect(both).rejects.toSatisfy((error) => isLibvirtError(error, errorCodes.INVALID_ARG));
    await made.delete();
    await expect(made.getXMLDesc()).rejects.toSatisfy(isNoDomainSnapshot);
  });

  it('of the disk alone, as a tree', async () => {
    const flags = DISK_ONLY | ATOMIC;
    const root = await guest.snapshotCreateXML(external('root'), { flags });
    const leaf = await guest.snapshotCreateXML(external('leaf'), { flags });
    expect((await stat(join(directory, 'leaf'))).isFile()).toBe(true);
    expect((await leaf.getParent()).name).toBe('root');
    await expect(root.getParent()).rejects.toSatisfy(isNoDomainSnapshot);
    expect([await root.numChildren(), names(await root.listAllChildren())]).toEqual([1, ['leaf']]);
    expect([await root.isCurrent(), await leaf.isCurrent()]).toEqual([false, true]);
    expect((await guest.snapshotCurrent()).name).toBe('leaf');
    expect(await leaf.hasMetadata()).toBe(true);
    const { ROOTS, LEAVES, TOPOLOGICAL, EXTERNAL, INTERNAL } = snapshotListFlags;
    const listed = async (which: number): Promise<string[]> =>
      names(await guest.listAllSnapshots({ flags: which }));
    expect(await listed(ROOTS)).toEqual(['root']);
    expect(await listed(LEAVES)).toEqual(['leaf']);
    expect(await listed(TOPOLOGICAL | EXTERNAL)).toEqual(['root', 'leaf']);
    expect([await listed(INTERNAL), await guest.snapshotNum()]).toEqual([[], 2]);
    const { CHILDREN, METADATA_ONLY } = snapshotDeleteFlags;
    await root.delete({ flags: CHILDREN | METADATA_ONLY });
  });

  it('whose record is kept elsewhere, and defined again', async () => {
    const flags = DISK_ONLY;
    const made = await guest.snapshotCreateXML(external('kept'), { flags });
    const record = await made.getXMLDesc();
    await made.delete({ flags: snapshotDeleteFlags.METADATA_ONLY });
    expect(await guest.snapshotNum()).toBe(0);
    const again = await guest.snapshotCreateXML(record, { flags: REDEFINE | CURRENT });
    expect([again.name, await again.isCurrent()]).toEqual(['kept', true]);
    await again.delete({ flags: snapshotDeleteFlags.METADATA_ONLY });
    await guest.snapshotCreateXML(external('unknown'), { flags: flags | NO_METADATA });
    expect(await guest.snapshotNum()).toBe(0);
  });

  it('that cannot be made are refused with the reason', async () => {
    const quiesced = guest.snapshotCreateXML(external('calm'), { flags: DISK_ONLY | QUIESCE });
    await expect(quiesced).rejects.toSatisfy(
      (error) =>
        isAgentUnavailable(error) || isLibvirtError(error, errorCodes.ARGUMENT_UNSUPPORTED),
    );
    const { XML_ERROR, XML_DETAIL } = errorCodes;
    const torn = guest.snapshotCreateXML('<domainsnapshot>', { flags: DISK_ONLY });
    await expect(torn).rejects.toSatisfy((error) => isLibvirtError(error, XML_ERROR, XML_DETAIL));
    const slash = guest.snapshotCreateXML(internal('a/b'));
    await expect(slash).rejects.toSatisfy((error) => isLibvirtError(error, XML_DETAIL));
    const alone = guest.snapshotCreateXML(external('alone'), { flags: DISK_ONLY | CURRENT });
    await expect(alone).rejects.toSatisfy((error) => isLibvirtError(error));
  });
});
