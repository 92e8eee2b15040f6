import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../lab/index.ts';
import {
  continuity,
  labDown,
  labUp,
  lastTick,
  newerMachine,
  readTicks,
  waitForTick,
} from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('generations of libvirt in a lab', () => {
  const name = labNameFor('generations');
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name, hosts: 4 });
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  test('two hosts of each', async () => {
    const versions = await Promise.all(
      lab.hosts.map(async (host) => {
        const told = await host.virsh(['version', '--daemon']);
        return /daemon: (\S+)/.exec(told)?.[1];
      }),
    );
    expect(versions).toEqual(['9.0.0', '9.0.0', '11.3.0', '11.3.0']);
  });

  test.for([
    { from: 'hostC', to: 'hostD' },
    { from: 'hostC', to: 'hostA' },
  ])('a guest of the common machine type moves from $from to $to', async ({ from, to }) => {
    const guest = await lab.guest('guest', { on: from, fill: '16M' });
    const flags = ['--live', '--p2p', '--copy-storage-all', '--persistent', '--undefinesource'];
    const migration = ['migrate', ...flags, 'guest', lab.host(to).tls];
    await lab.host(from).virsh(migration, { timeoutMs: 60_000 });
    expect((await lab.status()).guests).toMatchObject([{ host: to }]);
    const last = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, last + 2, { timeoutMs: 20_000 });
    expect(continuity(await readTicks(guest.serial)).continuous).toBe(true);
  });

  test('a machine type of the newer generation stays among its hosts', async () => {
    const host = lab.host('hostC');
    await lab.guest('guest', { on: 'hostC', storage: 'shared', machine: newerMachine });
    const migrate = (to: string) =>
      host.virsh(['migrate', '--live', '--p2p', '--unsafe', 'guest', lab.host(to).tcp], {
        timeoutMs: 60_000,
      });
    await expect(migrate('hostA')).rejects.toThrow(/machine type|does not support/i);
    await migrate('hostD');
    expect(await lab.host('hostD').qemuProcesses()).toEqual(['guest']);
  });
});
