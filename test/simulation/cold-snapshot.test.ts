import { describe, expect, test } from 'vitest';

import type { ColdScenario } from '../support/simulated-cold.ts';
import { coldGuest, coldSimulated } from '../support/simulated-cold.ts';
import { expectGuestAsBefore, expectImage, expectNoImage } from '../support/cold-truths.ts';

const short = { shortOutage: true } as const;
const both: readonly (readonly [string, NonNullable<ColdScenario['input']>])[] = [
  ['plain', {}],
  ['short', short],
];

describe.each(both)('a cold snapshot in the %s order', (_, input) => {
  test('leaves an image of one moment, and a guest that knows nothing of it', async () => {
    const end = await coldSimulated({ input });
    expect(end.output).toMatchObject({ outcome: 'completed', failure: null, lostDevices: [] });
    expectImage(end);
    expectGuestAsBefore(end);
    expect(end.output.outageMs).toBeGreaterThan(0);
    const [first, second] = end.spans;
    expect(end.output.outageMs).toBe((second?.fromEpochMs ?? 0) - (first?.toEpochMs ?? 0));
  });

  test('leaves a paused guest paused', async () => {
    const end = await coldSimulated({ input, guest: { state: 'paused', devices: [] } });
    expect(end.output).toMatchObject({ outcome: 'completed', outageMs: null });
    expect(end.after).toMatchObject({ state: 'paused', vcpus: 'paused' });
    expectGuestAsBefore(end);
  });

  test('of a domain that is shut off starts nothing', async () => {
    const end = await coldSimulated({ input, guest: { state: 'shutoff' } });
    expect(end.output).toMatchObject({ outcome: 'completed', outageMs: null });
    expect(end.after).toMatchObject({ state: 'shutoff', vcpus: 'none' });
    expectGuestAsBefore(end);
  });

  test.each(['refused', 'neverAnswered'] as const)(
    'puts the devices back when the removal of one is %s',
    async (removal) => {
      const [net, gpu, rng] = coldGuest.devices ?? [];
      if (net === undefined || gpu === undefined || rng === undefined) throw new Error('none');
      const guest = { devices: [net, { ...gpu, removal }, rng] };
      const end = await coldSimulated({ input, guest });
      expect(end.output.outcome).toBe('rolledBack');
      expect(end.states).not.toContain('working.saving.asking.writing');
      expectNoImage(end);
      expectGuestAsBefore(end);
    },
  );

  test('tells of a device that cannot be put back, and puts back the others', async () => {
    const [net, gpu] = coldGuest.devices ?? [];
    if (net === undefined || gpu === undefined) throw new Error('none');
    const end = await coldSimulated({ input, guest: { devices: [{ ...net, lost: true }, gpu] } });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'devicesLost' },
      lostDevices: [{ xml: expect.stringContaining('net0') }],
    });
    expect(end.after).toMatchObject({ state: 'running', devices: ['hostdev0'] });
    expectImage(end);
  });

  test('asks again for a device that did not come back at once', async () => {
    const end = await coldSimulated({
      input,
      faults: [{ at: { call: 'attachDevice' }, do: 'refuse' }],
    });
    expect(end.output.outcome).toBe('completed');
    expectGuestAsBefore(end);
  });

  test.each([
    ['managedSave', 'refuse'],
    ['convertImage', 'refuse'],
    ['renameFile', 'refuse'],
  ] as const)('starts the guest and puts all back when %s fails', async (call, fault) => {
    const end = await coldSimulated({ input, faults: [{ at: { call }, do: fault }] });
    expect(end.output.outcome).toBe('rolledBack');
    expectNoImage(end);
    expectGuestAsBefore(end);
  });

  test.each(['managedSave', 'start', 'attachDevice', 'detachDevice'] as const)(
    'looks when the reply of %s is lost',
    async (call) => {
      const end = await coldSimulated({ input, faults: [{ at: { call }, do: 'loseReply' }] });
      expect(['completed', 'rolledBack']).toContain(end.output.outcome);
      expectGuestAsBefore(end);
    },
  );

  test.each([
    'working.detaching.awaiting',
    'working.saving.asking.writing',
    'working.copying.converting',
  ])('can be aborted in %s', async (at) => {
    const end = await coldSimulated({
      input,
      onState: (state, { abort }) => {
        if (state === at) abort();
      },
    });
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expectNoImage(end);
    expectGuestAsBefore(end);
  });
});

describe('a cold snapshot is refused before anything is touched', () => {
  test.each<[string, ColdScenario]>([
    ['devicesFree', { guest: { state: 'paused' } }],
    ['imageSpace', { roomBytes: 1_000 }],
    ['domainPersistent', { guest: { persistent: false } }],
    ['formatWritable', { input: { format: 'nonsense' } }],
    ['disksKnown', { input: { disks: ['vdz'] } }],
    ['targetFree', { input: { directory: '/nowhere' } }],
  ])('%s', async (check, scenario) => {
    const end = await coldSimulated(scenario);
    expect(end.output).toMatchObject({ outcome: 'refused', failure: { code: check } });
    expectGuestAsBefore(end);
  });
});

describe('a cold snapshot with a short outage', () => {
  test('goes on where the guest ends while its base is copied, and merges what it wrote', async () => {
    const end = await coldSimulated({
      input: short,
      onState: (state, { endGuest }) => {
        if (state === 'working.copying.converting') endGuest();
      },
    });
    expect(end.output.outcome).toBe('completed');
    expectImage(end);
    expect(end.after).toMatchObject({ state: 'shutoff', disks: end.before.disks });
    expect(end.world.lastTickOn('hostA', '/images/guest.qcow2')).toBe(end.spans.at(-1)?.lastTick);
  });

  test('stops the guest no longer for a disk that takes longer to copy', async () => {
    expect(await outage(2 ** 30)).toBeLessThan(1.2 * (await outage(2 ** 26)));
  });
});

async function outage(capacityBytes: number): Promise<number> {
  const [disk] = coldGuest.disks ?? [];
  if (disk === undefined) throw new Error('no disk');
  const guest = { disks: [{ ...disk, capacityBytes }] };
  return (await coldSimulated({ input: short, guest })).output.outageMs ?? 0;
}
