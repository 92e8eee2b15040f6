import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Lab, LabHost } from '../../lab/index.ts';
import { labDown, labUp, lastTick, waitForTick } from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('guests of a lab', () => {
  const name = labNameFor('guests');
  let lab: Lab;
  let hostA: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name });
    hostA = lab.host('hostA');
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  test('a guest that is shut off is defined, with its disks, and can be started', async () => {
    const guest = await lab.guest('guest', { on: 'hostA', extraDisk: '16M', state: 'shutOff' });
    const { domains, volumes, qemuProcesses } = await hostA.listing();
    expect(domains).toMatchObject([{ name: 'guest', state: 'shut off', persistent: true }]);
    expect(volumes).toEqual(['guest-extra.qcow2', 'guest.qcow2']);
    expect(qemuProcesses).toEqual([]);
    await hostA.virsh(['start', 'guest']);
    await waitForTick(guest.serial, 0, { timeoutMs: 60_000 });
  });

  test('a paused guest has counted, and counts on when it is resumed', async () => {
    const guest = await lab.guest('guest', { on: 'hostA', state: 'paused' });
    expect(await hostA.virsh(['domstate', 'guest'])).toContain('paused');
    const last = (await lastTick(guest.serial)) ?? 0;
    expect(last).toBeGreaterThan(0);
    const waiting = waitForTick(guest.serial, last + 1, { timeoutMs: 500 });
    await expect(waiting).rejects.toThrow(
      /no tick beyond[\s\S]*hostA, info status:\nVM status: paused/,
    );
    await hostA.virsh(['resume', 'guest']);
    await waitForTick(guest.serial, last + 1, { timeoutMs: 20_000 });
  });

  test('a guest dirties as much memory as asked for, at the rate asked for', async () => {
    await lab.guest('guest', { on: 'hostA', dirtyMiBPerS: 12, dirtyMiB: 96 });
    expect(await hostA.virsh(['dominfo', 'guest'])).toMatch(/Max memory: +188416 KiB/);
    await hostA.virsh(['domdirtyrate-calc', 'guest', '--seconds', '4']);
    const rate = await vi.waitFor(
      async () => {
        const told = await hostA.virsh(['domstats', 'guest', '--dirtyrate']);
        const found = /megabytes_per_second=(\d+)/.exec(told)?.[1];
        expect(found).toBeDefined();
        return Number(found);
      },
      { timeout: 20_000, interval: 200 },
    );
    // A busy machine emulates more slowly; a guest that dirties nothing stays at 1.
    expect(rate).toBeGreaterThanOrEqual(3);
    expect(rate).toBeLessThanOrEqual(30);
  });
});
