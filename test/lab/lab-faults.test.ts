import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Lab, LabGuest, LabHost, QemuWitness } from '../../lab/index.ts';
import { continuity, labDown, labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import { askToResume } from '../support/late-resume.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

function stateOn(host: LabHost): Promise<string> {
  return host.virsh(['domstate', '--reason', 'guest']);
}

/** QEMU itself says so; its daemon may have it from the other one before. */
async function says({ events }: QemuWitness, status: string): Promise<void> {
  const said = () => events.map(({ data }) => data['status']);
  await expect.poll(said, { timeout: 30_000, interval: 50 }).toContain(status);
}

async function becomes(host: LabHost, state: string): Promise<void> {
  await vi.waitFor(async () => expect(await stateOn(host)).toContain(state), {
    timeout: 30_000,
    interval: 50,
  });
}

describeLab('faults in the streams of a migration', () => {
  const name = labNameFor('faults');
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  const migrate = (domain: string, ...flags: string[]) =>
    hostA.virsh(['migrate', '--live', '--p2p', ...flags, domain, hostB.tcp], {
      timeoutMs: 60_000,
    });

  /** Post-copy under way, with the guest running on the destination. */
  async function inPostcopy(): Promise<{
    readonly guest: LabGuest;
    readonly outcome: Promise<string>;
    readonly witnesses: readonly QemuWitness[];
  }> {
    const witnesses = await Promise.all(lab.hosts.map((host) => host.witnessQemu()));
    onTestFinished(async () => {
      await Promise.all(witnesses.map((witness) => witness.close()));
    });
    const guest = await lab.guest('guest', {
      on: 'hostA',
      events: 'witnessed',
      storage: 'shared',
      dirtyMiBPerS: 8,
      dirtyMiB: 64,
    });
    // MiB/s, as slow as leaves time for what follows.
    const slowly = ['--bandwidth', '16', '--postcopy-bandwidth', '4'];
    const flags = ['--postcopy', '--unsafe', '--persistent', '--undefinesource'];
    const outcome = migrate('guest', ...slowly, ...flags).then(
      () => 'moved',
      (error: unknown) => String(error),
    );
    await vi.waitFor(() => hostA.virsh(['migrate-postcopy', 'guest']), {
      timeout: 20_000,
      interval: 50,
    });
    await becomes(hostB, 'running (post-copy)');
    // QEMU answers nobody while its devices wait for a page: broken then, Finish or the resume
    // hangs. Two ticks went through its disk and console: those pages are there.
    const last = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, last + 1, { timeoutMs: 30_000 });
    return { guest, outcome, witnesses };
  }

  test('post-copy breaks at once, is recovered when the streams are healed, and no tick is lost', async () => {
    const { guest, outcome, witnesses } = await inPostcopy();
    const brokenAt = performance.now();
    await hostB.breakStreams();
    await becomes(hostA, 'paused (post-copy failed)');
    await becomes(hostB, '(post-copy failed)');
    expect(performance.now() - brokenAt).toBeLessThan(10_000);
    expect(await outcome).toContain('exited with 1');
    // A resume before both QEMUs have noticed the break fails with the one that has not.
    await Promise.all(witnesses.map((witness) => says(witness, 'postcopy-paused')));

    await hostB.healPorts();
    await askToResume(migrate('guest', '--postcopy', '--postcopy-resume'));
    await Promise.all(witnesses.map((witness) => says(witness, 'completed')));
    await vi.waitFor(
      async () => expect((await lab.status()).guests).toMatchObject([{ host: 'hostB' }]),
      { timeout: 20_000, interval: 50 },
    );
    const last = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, last + 2, { timeoutMs: 20_000 });
    expect(continuity(await readTicks(guest.serial)).continuous).toBe(true);
  });

  test('a port range that others hold refuses a migration until it is given back', async () => {
    await lab.bareDomain('one', { on: 'hostA' });
    const range = { migration_port_min: 49152, migration_port_max: 49153 };
    await hostB.start({ qemu: range });
    const occupied = await hostB.occupyPorts('49152-49153');
    await expect(migrate('one')).rejects.toThrow('Unable to find an unused port in range');
    await occupied.release();
    await migrate('one');
    expect(await hostB.qemuProcesses()).toEqual(['one']);
  });

  test('ports that are in use already cannot be occupied', async () => {
    await expect(hostB.occupyPorts('16509')).rejects.toThrow('in use');
  });

  test('memory goes over the migration network where it is asked for', async () => {
    await lab.bareDomain('one', { on: 'hostA' });
    await hostA.dropPort({
      ports: '49152-49215',
      direction: 'both',
      effect: 'reset',
      network: 'main',
    });
    await expect(migrate('one')).rejects.toThrow('exited with 1');
    await migrate('one', '--migrateuri', 'tcp://hostB-migration');
    expect(await hostB.qemuProcesses()).toEqual(['one']);
  });
});
