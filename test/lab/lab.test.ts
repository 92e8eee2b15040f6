import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import {
  continuity,
  labAvailability,
  labDown,
  labUp,
  lastTick,
  readTicks,
  waitForTick,
} from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

/** The guest counts on, now. */
async function goesOn(guest: LabGuest): Promise<void> {
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 20_000 });
}

function migrate(guest: LabGuest, from: LabHost, to: LabHost, ...flags: string[]): Promise<string> {
  const common = ['migrate', '--live', '--p2p', '--persistent', '--undefinesource'];
  return virsh(from.uri, [...common, ...flags, guest.name, to.tcp], { timeoutMs: 60_000 });
}

describe('whether a machine can carry a lab', () => {
  test('without root it cannot, and one line says so', async () => {
    vi.spyOn(process, 'geteuid').mockReturnValue(1000);
    const availability = await labAvailability();
    vi.restoreAllMocks();
    expect(availability).toEqual({ ok: false, reason: expect.stringMatching(/^.*root.*$/) });
  });
});

describeLab('a lab', () => {
  const name = labNameFor('lab');
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name, hosts: 3 });
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  test('coming up again leaves daemons and guests as they are', async () => {
    const guest = await lab.guest('guest', { on: 'hostA' });
    const before = await lab.status();
    const again = await labUp({ name, hosts: 2 });
    expect(await again.status()).toEqual(before);
    await goesOn(guest);
    expect(continuity(await readTicks(guest.serial)).continuous).toBe(true);
  });

  test('two labs live side by side, and one going down leaves the other alone', async () => {
    const guest = await lab.guest('guest', { on: 'hostA' });
    const other = await labUp({ name: labNameFor('beside') });
    expect(other.host('hostA').address).not.toBe(lab.host('hostA').address);
    await other.bareDomain('guest', { on: 'hostA' });
    await other.down();
    await goesOn(guest);
    expect((await lab.status()).guests).toMatchObject([{ name: 'guest', host: 'hostA' }]);
  });

  test('a guest has what was asked for, and counts on from its disk after a hard stop', async () => {
    const host = lab.host('hostA');
    const guest = await lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      extraDisk: '16M',
      networkCards: 1,
      dirtyMiBPerS: 5,
    });
    const disks = await virsh(host.uri, ['domblklist', 'guest']);
    expect(disks).toMatch(new RegExp(`vda +${guest.disk}`));
    expect(disks).toMatch(new RegExp(`vdb +${guest.extraDisk}`));
    expect(await virsh(host.uri, ['domiflist', 'guest'])).toContain('vmbr0');
    const agent = (execute: string) =>
      virsh(host.uri, ['qemu-agent-command', 'guest', JSON.stringify({ execute })]);
    expect(await agent('guest-fsfreeze-freeze')).toContain('{"return":1}');
    // One tick may have been on its way to the console.
    const frozenAt = (await lastTick(guest.serial)) ?? 0;
    const further = waitForTick(guest.serial, frozenAt + 1, { timeoutMs: 1000 });
    await expect(further).rejects.toThrow('no tick beyond');
    expect(await agent('guest-fsfreeze-thaw')).toContain('{"return":1}');
    await goesOn(guest);

    await virsh(host.uri, ['destroy', 'guest']);
    const last = (await lastTick(guest.serial)) ?? 0;
    await virsh(host.uri, ['start', 'guest']);
    const next = await waitForTick(guest.serial, last, { timeoutMs: 60_000 });
    // It may have written one number that it could not print any more.
    expect(next.n - last).toBeLessThanOrEqual(2);
    expect(continuity(await readTicks(guest.serial))).toMatchObject({ repeats: [], backwards: [] });
  });

  test('a killed daemon comes back and finds its guest, which never stopped', async () => {
    const host = lab.host('hostA');
    const guest = await lab.guest('guest', { on: 'hostA' });
    const before = await host.listing();
    await host.kill();
    expect(await host.pid()).toBeNull();
    expect(await host.listing()).toMatchObject({ daemon: 'gone', qemuProcesses: ['guest'] });
    await goesOn(guest);
    await host.start();
    expect(await host.listing()).toEqual(before);
    expect(continuity(await readTicks(guest.serial)).continuous).toBe(true);
  });

  test('a killed daemon comes back where none of its guests lives', async () => {
    const host = lab.host('hostC');
    await host.kill();
    await host.start();
    expect(await host.listing()).toMatchObject({ daemon: 'running', domains: [] });
  });

  test('a frozen daemon answers nothing until it is thawed', async () => {
    const host = lab.host('hostB');
    await host.sigstop();
    expect(await host.daemonState()).toBe('stopped');
    await expect(virsh(host.uri, ['list'], { timeoutMs: 500 })).rejects.toThrow('in time');
    await host.sigcont();
    await virsh(host.uri, ['list']);
  });

  test('overridden settings hold until the next reset', async () => {
    const host = lab.host('hostB');
    const settings = () => readFile(join(host.dir, 'etc', 'qemu.conf'), 'utf8');
    await host.start({ qemu: { keepalive_interval: 20, keepalive_count: 1 } });
    expect(await settings()).toContain('keepalive_interval = 20\n');
    await host.reset();
    expect(await settings()).not.toContain('keepalive');
  });

  test.for([
    { storage: 'shared', to: 'hostB', flags: ['--unsafe'] },
    { storage: 'private', to: 'hostC', flags: ['--copy-storage-all'] },
  ] as const)('a guest on $storage storage moves to $to and counts on', async (row) => {
    const [from, to] = [lab.host('hostA'), lab.host(row.to)];
    const guest = await lab.guest('guest', { on: 'hostA', storage: row.storage, networkCards: 1 });
    await migrate(guest, from, to, ...row.flags);
    await goesOn(guest);
    expect(continuity(await readTicks(guest.serial)).continuous).toBe(true);
    expect((await lab.status()).guests).toMatchObject([{ name: 'guest', host: row.to }]);
    const phases = (await from.migrationLog()).flatMap((e) => (e.kind === 'phase' ? e.phase : []));
    expect(phases).toEqual(['begin3', 'perform3', 'perform3_done', 'confirm3']);
    const there = (await to.migrationLog()).flatMap((e) => (e.kind === 'phase' ? e.phase : []));
    expect(there).toEqual(['prepare', 'finish3']);
    expect(await from.migrationTruth('guest')).toBeNull();
  });

  test("a migration under way is seen in both daemons' own records", async () => {
    const [from, to] = [lab.host('hostA'), lab.host('hostB')];
    const guest = await lab.guest('guest', { on: 'hostA', fill: '32M' });
    await from.setRate('100mbit');
    const outcome = migrate(guest, from, to, '--copy-storage-all').then(
      () => 'moved',
      () => 'aborted',
    );
    await vi.waitFor(
      async () => expect(await from.migrationTruth('guest')).toMatchObject({ phase: 'perform3' }),
      { timeout: 20_000, interval: 20 },
    );
    expect(await to.migrationTruth('guest')).toMatchObject({
      asyncJob: 'migration in',
      phase: 'prepare',
    });
    expect((await lab.status()).guests).toMatchObject([{ name: 'guest', host: 'hostA' }]);
    expect(await to.listing()).toMatchObject({ domains: [{ job: 'migration in' }] });
    await virsh(from.uri, ['domjobabort', 'guest']);
    expect(await outcome).toBe('aborted');
  });
});
