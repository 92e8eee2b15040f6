import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { continuity, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import { HeldCopy } from '../support/held-copy.ts';
import { HeldLink } from '../support/held-link.ts';
import { expectAsBefore, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import {
  addDisk,
  addImage,
  checksum,
  definitionOnly,
  imagesPath,
  phasesOn,
  withDisks,
} from '../support/shut-off.ts';

describeLab('a move of a domain that is shut off', () => {
  const stage = useLab('offline');
  const there = { from: 'hostA', to: 'hostB' };
  const manifest: string[] = [];
  afterAll(() => console.log(manifest.join('\n')));

  const onA = () => stage.lab.host('hostA');
  const onB = () => stage.lab.host('hostB');

  const heldDomains = async () => (await stage.lab.listing()).hosts.map(({ domains }) => domains);
  const arrived = { name: 'guest', state: 'shut off', persistent: true, job: null };

  /** Stopped while its first disk is on its way; `disks` are beside the one it has. */
  const whileCopying = async (what: string, disks: readonly ['vdb'] | readonly [] = []) => {
    const options = { on: 'hostA', fill: '16M', state: 'shutOff' } as const;
    const guest = await stage.lab.guest('guest', options);
    for (const targetDev of disks) {
      await addDisk(stage.lab, 'hostA', guest.name, { targetDev, format: 'raw' });
    }
    const before = await stage.lab.listing();
    const copy = new HeldCopy();
    const migration = stage.migrate(guest, { ...there, ...withDisks, through: copy.through });
    await copy.held;
    const [whole, part] = [
      await checksum(stage.lab, 'hostA', 'guest.qcow2'),
      await checksum(stage.lab, 'hostB', 'guest.qcow2'),
    ];
    expect(part).not.toBe(whole);
    const end = async () => {
      copy.letGo();
      const output = await migration.end();
      manifest.push(`offlineMigration x copyingDisk x ${what} x ${output.outcome}`);
      return output;
    };
    return { guest, before, migration, end };
  };

  test('on a shared disk is its definition alone', async () => {
    const options = { on: 'hostA', state: 'shutOff', storage: 'shared' } as const;
    const guest = await stage.lab.guest('guest', options);
    const output = await stage.migrate(guest, { ...there, ...definitionOnly }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null, artefacts: [] });
    expect(output.phases.map(({ phase }) => phase)).toEqual([
      'BEGIN3',
      'PREPARE',
      'FINISH3',
      'CONFIRM3',
    ]);
    expect(await heldDomains()).toMatchObject([[], [arrived]]);
  });

  test('with disks carries every byte, takes the old ones away where asked, and counts on', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '16M' });
    await onA().virsh(['destroy', guest.name]);
    const last = (await lastTick(guest.serial)) ?? 0;
    const raw = await addDisk(stage.lab, 'hostA', 'guest', { targetDev: 'vdb', format: 'raw' });
    const files = ['guest.qcow2', raw];
    const sums = await Promise.all(files.map((file) => checksum(stage.lab, 'hostA', file)));
    const options = { ...withDisks.options, sourceDisk: 'delete' } as const;
    const output = await stage.migrate(guest, { ...there, ...withDisks, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.artefacts.map(({ status }) => status)).toEqual([
      'made',
      'made',
      'removed',
      'removed',
    ]);
    expect(await Promise.all(files.map((file) => checksum(stage.lab, 'hostB', file)))).toEqual(
      sums,
    );
    expect(await heldDomains()).toMatchObject([[], [arrived]]);
    expect((await stage.lab.listing()).hosts.map(({ imageFiles }) => imageFiles)).toEqual([
      [],
      files.toSorted(),
    ]);
    await onB().virsh(['start', guest.name]);
    const next = await waitForTick(guest.serial, last, { timeoutMs: 60_000 });
    // One may have been written to the disk and never told.
    expect(next.n - last).toBeLessThanOrEqual(2);
    expect(continuity(await readTicks(guest.serial))).toMatchObject({ repeats: [], backwards: [] });
  });

  test('whose disk is a layer needs the image below it over there first', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', state: 'shutOff' });
    const base = 'base.raw';
    await addImage(stage.lab, 'hostA', base, { format: 'raw' });
    const layer = { targetDev: 'vdb', format: 'qcow2', base } as const;
    const file = await addDisk(stage.lab, 'hostA', guest.name, layer);
    const before = await stage.lab.listing();
    const refused = await stage.migrate(guest, { ...there, ...withDisks }).end();
    expect(refused).toMatchObject({
      outcome: 'refused',
      failure: { code: 'disksCopyable', message: expect.stringContaining(base), effect: 'none' },
      phases: [],
      artefacts: [],
    });
    await expectAsBefore(stage.lab, before);
    await addImage(stage.lab, 'hostB', base, { format: 'raw' });
    const output = await stage.migrate(guest, { ...there, ...withDisks }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(await checksum(stage.lab, 'hostB', file)).toBe(await checksum(stage.lab, 'hostA', file));
    const info = await onB().run('qemu-img', ['info', `${imagesPath}/${file}`]);
    expect(info).toContain(`${imagesPath}/${base}`);
  });

  test('that is aborted while it copies leaves nothing over there', async () => {
    const { before, end, migration } = await whileCopying('abort');
    expect(migration.abort()).toBe(true);
    const output = await end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    await expectAsBefore(stage.lab, before);
  });

  test('that is started on the source while it copies stays there', async () => {
    const { before, end, guest } = await whileCopying('started on the source');
    await onA().virsh(['start', guest.name]);
    expect(await end()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'guestStarted' },
    });
    expect(await onA().qemuProcesses()).toEqual([guest.name]);
    await onA().virsh(['destroy', guest.name]);
    await expectAsBefore(stage.lab, before);
  });

  const touchOnA = (file: string) => {
    const now = new Date();
    return utimes(join(onA().paths.imagesDir, file), now, now);
  };

  test('whose disk is written to after it was copied stays there', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', state: 'shutOff' });
    const disk = { targetDev: 'vdb', format: 'raw' } as const;
    const second = await addDisk(stage.lab, 'hostA', guest.name, disk);
    const before = await stage.lab.listing();
    const copy = new HeldCopy(`${imagesPath}/${second}`);
    const migration = stage.migrate(guest, { ...there, ...withDisks, through: copy.through });
    await copy.held;
    await touchOnA('guest.qcow2');
    copy.letGo();
    const output = await migration.end();
    manifest.push(`offlineMigration x copyingDisk x copied disk written to x ${output.outcome}`);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'diskChanged', message: expect.stringContaining('vda') },
      phases: [],
    });
    await expectAsBefore(stage.lab, before);
  });

  test('whose disk is written to after its definition went is kept on the source', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', state: 'shutOff' });
    const link = new HeldLink('finish');
    const options = { ...withDisks.options, sourceDisk: 'delete' } as const;
    const asked = { ...there, ...withDisks, options, through: link.through };
    const migration = stage.migrate(guest, asked);
    await link.held;
    await touchOnA('guest.qcow2');
    link.letGo();
    const output = await migration.end();
    await link.close();
    manifest.push(`offlineMigration x finish3 x copied disk written to x ${output.outcome}`);
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'diskChanged', message: expect.stringContaining('undefine it there') },
    });
    expect(await heldDomains()).toMatchObject([[arrived], [arrived]]);
    const [listedOnA] = (await stage.lab.listing()).hosts;
    expect(listedOnA?.imageFiles).toEqual(['guest.qcow2']);
  });

  test('never takes a volume away that came there meanwhile', async () => {
    const { end } = await whileCopying('another volume comes', ['vdb']);
    const name = 'guest-vdb.raw';
    await onB().virsh(['vol-create-as', 'images', name, '8M', '--format', 'raw']);
    const theirs = await checksum(stage.lab, 'hostB', name);
    const output = await end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'volumeExists' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    const [, listedOnB] = (await stage.lab.listing()).hosts;
    expect(listedOnB).toMatchObject({ imageFiles: [name], volumes: [name], domains: [] });
    expect(await checksum(stage.lab, 'hostB', name)).toBe(theirs);
  });

  test('whose destination daemon is killed while it copies is as before', async () => {
    const { before, end, migration } = await whileCopying('SIGKILL of the destination');
    await onB().kill();
    const ended = end();
    await migration.entered('cleaningUp.waiting');
    await onB().start();
    expect(await ended).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
  });

  // libvirt keeps what Prepare made there for ever, and nobody could define or start it any more.
  test('that we lose sight of between Prepare and Finish leaves nothing over there', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', state: 'shutOff' });
    const before = await stage.lab.listing();
    const link = new HeldLink('finish');
    const migration = stage.migrate(guest, { ...there, ...withDisks, through: link.through });
    await link.held;
    expect(await Promise.all([onA(), onB()].map(phasesOn))).toEqual([['begin3'], ['prepare']]);
    link.cut('destination');
    link.letGo();
    const output = await migration.end();
    await link.close();
    manifest.push(`offlineMigration x begin3/prepare x connection cut x ${output.outcome}`);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'connectionLost' } });
    expect(migration.states.map(({ state }) => state)).toContain('uncertain.forgetting');
    await expectAsBefore(stage.lab, before);
  });

  test('takes no heed of the cable between the hosts', async () => {
    const { end, guest } = await whileCopying('cable between the hosts cut');
    await onA().setLink('down');
    expect(await end()).toMatchObject({ outcome: 'completed', failure: null });
    expect(await heldDomains()).toMatchObject([[], [{ ...arrived, name: guest.name }]]);
  });
});
