import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  blockCommitFlags,
  blockCopyFlags,
  blockJobAbortFlags,
  blockJobBandwidthFlags,
  blockResizeFlags,
  errorCodes,
  isLibvirtError,
  open,
  snapshotCreateFlags,
  type Connection,
  type Domain,
} from '../src/index.ts';
import {
  describeDaemon,
  disk,
  disklessGuest,
  EventLog,
  makeImage,
  removeGuest,
  uniqueName,
} from './daemon.ts';

const mebibyte = 1_048_576;
const { TRANSIENT_JOB } = blockCopyFlags;
const { BANDWIDTH_BYTES } = blockJobBandwidthFlags;
const { PIVOT, ASYNC } = blockJobAbortFlags;

describeDaemon('disks of a guest of a real daemon', (uri) => {
  let connection: Connection;
  let directory: string;
  let guest: Domain;
  const name = uniqueName();
  const path = (file: string): string => join(directory, file);
  const to = (file: string): string =>
    `<disk type='file'><driver type='raw'/><source file='${path(file)}'/></disk>`;

  beforeAll(async () => {
    connection = await open(uri);
    directory = await mkdtemp(join(tmpdir(), 'nlv-disks-'));
    await makeImage(path('a.qcow2'), 'qcow2');
    await makeImage(path('b.raw'), 'raw');
    const disks = disk('vda', path('a.qcow2'), 'qcow2') + disk('vdb', path('b.raw'), 'raw');
    guest = await (await connection.domainDefineXML(disklessGuest(name, disks))).create();
    await connection.subscribe('blockJob2');
  });
  afterAll(async () => {
    await removeGuest(connection, name);
    await connection.close();
    await rm(directory, { recursive: true });
  });

  /** Puts an overlay on vda. */
  async function overlay(file: string): Promise<void> {
    const xml = `<domainsnapshot><disks><disk name='vda' snapshot='external'>
      <source file='${path(file)}'/></disk><disk name='vdb' snapshot='no'/></disks></domainsnapshot>`;
    const { DISK_ONLY, NO_METADATA } = snapshotCreateFlags;
    await guest.snapshotCreateXML(xml, { flags: DISK_ONLY | NO_METADATA });
  }

  it('a slow copy: its speed is seen and changed, no pivot comes early, and it is given up', async () => {
    const jobs = new EventLog(connection, 'blockJob2', name);
    const params = { bandwidth: 65_536, granularity: 65_536, 'buf-size': mebibyte };
    await guest.blockCopy('vdb', to('slow.raw'), params, { flags: TRANSIENT_JOB });
    const bytes = { flags: BANDWIDTH_BYTES };
    expect(await guest.getBlockJobInfo('vdb', bytes)).toMatchObject({
      type: 'copy',
      bandwidth: 65_536,
    });
    await guest.blockJobSetSpeed('vdb', 131_072, bytes);
    expect(await guest.getBlockJobInfo('vdb', bytes)).toMatchObject({ bandwidth: 131_072 });
    const early = guest.blockJobAbort('vdb', { flags: PIVOT });
    await expect(early).rejects.toMatchObject({ code: errorCodes.BLOCK_COPY_ACTIVE });
    const second = guest.blockCopy('vdb', to('second.raw'), {}, { flags: TRANSIENT_JOB });
    await expect(second).rejects.toSatisfy((error) => isLibvirtError(error));
    await guest.blockJobAbort('vdb', { flags: ASYNC });
    await jobs.until({ disk: 'vdb', type: 'copy', status: 'canceled' });
    expect(await guest.getBlockJobInfo('vdb')).toBeNull();
    const none = guest.blockJobAbort('vdb');
    await expect(none).rejects.toMatchObject({ code: errorCodes.INVALID_ARG });
  });

  it('a copy that is ready, and that the guest goes on with', async () => {
    const jobs = new EventLog(connection, 'blockJob2', name);
    await guest.blockCopy('vdb', to('copy.raw'), {}, { flags: TRANSIENT_JOB });
    await jobs.until({ disk: 'vdb', type: 'copy', status: 'ready' });
    await guest.blockJobAbort('vdb', { flags: PIVOT });
    expect(await guest.getXMLDesc()).toContain(path('copy.raw'));
  });

  it('an overlay is committed, and the guest goes on with what was below', async () => {
    const jobs = new EventLog(connection, 'blockJob2', name);
    await overlay('top.qcow2');
    await expect(guest.blockCommit('vda')).rejects.toSatisfy((error) => isLibvirtError(error));
    const flags = blockCommitFlags.ACTIVE | blockCommitFlags.SHALLOW;
    await guest.blockCommit('vda', { top: path('top.qcow2'), flags });
    await jobs.until({ disk: 'vda', type: 'active-commit', status: 'ready' });
    await guest.blockJobAbort('vda', { flags: PIVOT });
    expect(await guest.getXMLDesc()).not.toContain(path('top.qcow2'));
  });

  it('an overlay in the middle is committed, what is below is pulled up, all or to a base', async () => {
    const jobs = new EventLog(connection, 'blockJob2', name);
    await overlay('1.qcow2');
    await overlay('2.qcow2');
    await guest.blockCommit('vda', { top: path('1.qcow2'), base: path('a.qcow2') });
    await jobs.until({ disk: 'vda', type: 'commit', status: 'completed' });
    await overlay('3.qcow2');
    await guest.blockRebase('vda', { base: path('a.qcow2') });
    await jobs.until({ disk: 'vda', type: 'pull', status: 'completed' });
    const pulls = new EventLog(connection, 'blockJob2', name);
    await guest.blockPull('vda', { bandwidth: 100 });
    await pulls.until({ disk: 'vda', type: 'pull', status: 'completed' });
    const xml = await guest.getXMLDesc();
    expect(xml).toContain(path('3.qcow2'));
    expect(xml).not.toContain(path('a.qcow2'));
  });

  it('are resized, and have no errors', async () => {
    await guest.blockResize('vda', 8 * mebibyte, { flags: blockResizeFlags.BYTES });
    expect(await guest.getBlockInfo('vda')).toMatchObject({ capacityBytes: 8 * mebibyte });
    await guest.blockResize('vda', 16 * 1_024);
    expect(await guest.getBlockInfo('vda')).toMatchObject({ capacityBytes: 16 * mebibyte });
    expect(await guest.getDiskErrors()).toEqual([]);
    expect(await guest.getControlInfo()).toMatchObject({ state: 'ok', reason: 'none' });
    const absent = guest.blockResize('vdz', 1);
    await expect(absent).rejects.toMatchObject({ code: errorCodes.INVALID_ARG });
  });
});
