import { execFile } from 'node:child_process';
import { mkdtemp, open as openFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  errorCodes,
  isNoDomain,
  isOperationAborted,
  isOperationInvalid,
  open,
  saveRestoreFlags,
  xmlFlags,
  type Connection,
  type Domain,
} from '../src/index.ts';
import { describeDaemon, disklessGuest, EventLog, removeGuest, uniqueName } from './daemon.ts';

const run = promisify(execFile);
const { RUNNING, PAUSED } = saveRestoreFlags;

describeDaemon('saving a guest of a real daemon', (uri) => {
  let connection: Connection;
  let directory: string;
  let guest: Domain;
  const name = uniqueName();
  const path = (file: string): string => join(directory, file);

  beforeAll(async () => {
    connection = await open(uri);
    directory = await mkdtemp(join(tmpdir(), 'nlv-save-'));
    guest = await (await connection.domainDefineXML(disklessGuest(name))).create();
  });
  afterAll(async () => {
    await removeGuest(connection, name);
    await connection.close();
    await rm(directory, { recursive: true });
  });

  it('into its managed save file, which can be changed, and which the next start takes', async () => {
    const told = new EventLog(connection, 'lifecycle', name);
    await connection.subscribe('lifecycle');
    expect(await guest.hasManagedSaveImage()).toBe(false);
    await expect(guest.managedSaveGetXMLDesc()).rejects.toSatisfy(isOperationInvalid);
    await guest.managedSave({ flags: PAUSED });
    await told.until({ event: 'stopped', detail: 'saved' });
    expect(await guest.getState()).toMatchObject({ state: 'shutoff', reason: 'saved' });
    expect(await guest.hasManagedSaveImage()).toBe(true);
    await expect(guest.managedSave()).rejects.toSatisfy(isOperationInvalid);
    const xml = await guest.managedSaveGetXMLDesc();
    expect(xml).toContain(`<name>${name}</name>`);
    await guest.managedSaveDefineXML(xml, { flags: RUNNING });
    await guest.create();
    expect(await guest.getState()).toMatchObject({ state: 'running', reason: 'restored' });
    expect(await guest.hasManagedSaveImage()).toBe(false);
  });

  it('into its managed save file, which is thrown away', async () => {
    await guest.managedSave();
    await guest.managedSaveRemove();
    expect(await guest.hasManagedSaveImage()).toBe(false);
    const again = guest.managedSaveRemove();
    await expect(again).rejects.toMatchObject({ code: errorCodes.SYSTEM_ERROR });
    await guest.create();
    expect(await guest.getState()).toMatchObject({ reason: 'booted' });
  });

  it('into a file and back by parameters', async () => {
    const file = path('params.save');
    await guest.saveParams({ file }, { flags: PAUSED });
    await connection.domainRestoreParams({ file }, { flags: RUNNING });
    expect(await guest.getState()).toMatchObject({ state: 'running', reason: 'restored' });
  });

  it('into a file, whose definition can be another, be read and be changed', async () => {
    const transient = uniqueName();
    const file = path('transient.save');
    const started = await connection.domainCreateXML(disklessGuest(transient));
    const xml = await started.getXMLDesc({ flags: xmlFlags.MIGRATABLE });
    await started.save(file, { xml: xml.replace('<memory', '<title>another</title><memory') });
    await expect(started.getState()).rejects.toSatisfy(isNoDomain);
    const saved = await connection.domainSaveImageGetXMLDesc(file);
    expect(saved).toContain('<title>another</title>');
    const third = saved.replace('>another<', '>third<');
    await connection.domainSaveImageDefineXML(file, third, { flags: PAUSED });
    await connection.domainRestoreFlags(file);
    const restored = await connection.domainLookupByName(transient);
    expect(await restored.getState()).toMatchObject({ state: 'paused' });
    expect(await restored.getMetadata('title')).toBe('third');
    await expect(connection.domainRestoreFlags(file)).rejects.toSatisfy(isOperationInvalid);
    await restored.destroy();
  });

  it('is refused with the reason', async () => {
    const { INVALID_ARG, SYSTEM_ERROR, OPERATION_FAILED } = errorCodes;
    const both = guest.managedSave({ flags: RUNNING | PAUSED });
    await expect(both).rejects.toMatchObject({ code: INVALID_ARG });
    const nowhere = guest.save('/no/such/directory/file');
    await expect(nowhere).rejects.toMatchObject({ code: SYSTEM_ERROR });
    const absent = connection.domainSaveImageGetXMLDesc(path('absent'));
    await expect(absent).rejects.toMatchObject({ code: SYSTEM_ERROR });
    await writeFile(path('junk'), Buffer.alloc(4_096, 'junk'));
    const junk = connection.domainRestoreFlags(path('junk'));
    await expect(junk).rejects.toMatchObject({
      code: OPERATION_FAILED,
      procedure: 'domainRestoreFlags',
    });
    expect(await guest.getState()).toMatchObject({ state: 'running' });
  });

  it('is stopped by abortJob, which gets through, and the guest runs on', async () => {
    const slow = uniqueName();
    const fifo = path('full.fifo');
    await run('mkfifo', [fifo]);
    const xml = disklessGuest(slow).replace('>32<', '>4096<');
    const running = await connection.domainCreateXML(xml);
    const told = new EventLog(connection, 'lifecycle', slow);
    const subscription = await connection.subscribe('lifecycle');
    const saving = running.save(fifo).then(
      () => 'saved',
      (error: unknown) => error,
    );
    // A pipe that nobody empties, and more memory than fits into all that lies before it: a page of
    // zeros takes nine bytes there, and libvirt's helper holds two MiB.
    const reader = await openFile(fifo, 'r');
    await told.until({ event: 'suspended' });
    await untilUnderWay(running);
    await running.abortJob();
    // The daemon still waits for the program that writes the file: it gets rid of what it has.
    // One that opens a reader of its own may come too late: a pipe without any kills that program.
    await finished(reader.createReadStream().resume());
    expect(await saving).toSatisfy(isOperationAborted);
    await told.until({ event: 'resumed' });
    expect(await running.getState()).toMatchObject({ state: 'running', reason: 'save-canceled' });
    await Promise.all([subscription.unsubscribe(), running.destroy()]);
  });

  it('five restores that stand still hold up no control call', async () => {
    const fifos = Array.from({ length: 5 }, (_, index) => path(`empty-${index}.fifo`));
    await run('mkfifo', fifos);
    const restores = fifos.map((fifo) => connection.domainRestoreFlags(fifo));
    const ended = Promise.allSettled(restores);
    // Each opens when the daemon has opened the other end: then all five are in its hands.
    const writers: FileHandle[] = await Promise.all(fifos.map((fifo) => openFile(fifo, 'w')));
    expect(await guest.getState()).toMatchObject({ state: 'running' });
    expect(await guest.getJobStats()).toMatchObject({ type: 'none' });
    await expect(guest.abortJob()).rejects.toSatisfy(isOperationInvalid);
    await Promise.all(writers.map((writer) => writer.close()));
    expect((await ended).map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => 'rejected'),
    );
  });
});

/** libvirt tells by no event that the memory has begun to flow. */
async function untilUnderWay(guest: Domain): Promise<void> {
  for (;;) {
    const { type, stats } = await guest.getJobStats();
    if (type === 'unbounded' && Number(stats['data_processed'] ?? 0) > 0) return;
  }
}
