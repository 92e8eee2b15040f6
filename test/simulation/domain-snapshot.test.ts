import { describe, expect, test } from 'vitest';

import type { DomainSnapshotInput } from '../../machines/index.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { SnapshotScenario } from '../support/simulated-domain-snapshot.ts';
import { snapshotSimulated } from '../support/simulated-domain-snapshot.ts';
import { uuid } from '../support/simulated-host.ts';
import { hooked } from '../support/hooked-hypervisors.ts';

const memoryPath = '/images/guest.memory';
const withMemory = { memoryPath } as const;
const newest = (targetDev: 'guest' | 'second') => `/images/${targetDev}.before`;

type Ended = Awaited<ReturnType<typeof snapshotSimulated>>;

/** Nobody but the run's own artefacts tells that it was there. */
function expectAsBefore({ after, before, output }: Ended): void {
  expect(after).toEqual(before);
  expect(output).toMatchObject({ snapshot: null, consistency: null });
  expect(output.artefacts).toEqual([]);
}

/** No tick lost or repeated: each span of the vCPUs goes on where the last one ended. */
function expectContinuous({ spans }: Ended): void {
  const made = spans.filter(({ firstTick, lastTick }) => lastTick >= firstTick);
  for (const [at, { firstTick }] of made.entries())
    expect(firstTick).toBe((made[at - 1]?.lastTick ?? firstTick - 1) + 1);
}

describe('a snapshot on a simulated host', () => {
  const variants: readonly [string, SnapshotScenario, object][] = [
    ['disks of what runs', {}, { consistency: 'crash', outageMs: 0 }],
    ['disks of a frozen guest', { input: { quiesce: 'required' } }, { consistency: 'filesystem' }],
    ['disks of a paused guest', { guest: { state: 'paused' } }, { consistency: 'crash' }],
    ['disks of what is shut off', { guest: { state: 'shutoff' } }, { consistency: 'crash' }],
    ['all inside the disks', { input: { kind: 'internal' } }, { consistency: 'application' }],
    [
      'what is shut off inside the disks',
      { guest: { state: 'shutoff' }, input: { kind: 'internal' } },
      { consistency: 'crash' },
    ],
    ['memory in a file', { input: withMemory }, { consistency: 'application' }],
    ['memory, live', { input: { ...withMemory, live: true } }, { consistency: 'application' }],
    ['one disk of two', { input: { disks: [{ targetDev: 'vdb', overlayPath: null }] } }, {}],
    ['disks that libvirt forgets', { input: { noMetadata: true } }, {}],
    ['disks of what is halted', { input: { halt: true } }, { outageMs: null }],
  ];

  test.each(variants)('takes %s', async (_, scenario, seen) => {
    const ended = await snapshotSimulated(scenario);
    const { after, before, output, snapshots } = ended;
    expect(output).toMatchObject({ outcome: 'completed', failure: null, ...seen });
    expect(snapshots.map(({ name }) => name)).toEqual(scenario.input?.noMetadata ? [] : ['before']);
    expect(after).toMatchObject({ claims: [], persistent: true, job: null });
    expect(after.state).toBe(scenario.input?.halt === true ? 'shutoff' : before.state);
    expectContinuous(ended);
  });

  test('leaves a claim in no definition that a revert would bring back', async () => {
    const { clock, hand, world } = await snapshotSimulated({ input: { kind: 'internal' } });
    const unending = new AbortController().signal;
    const options = { resumeAs: 'asSnapshot', force: false, resetNvram: false } as const;
    await clock.run(hand.revertToSnapshot(uuid, 'before', options, unending));
    expect(world.listing()[0]?.domains[0]?.claims).toEqual([]);
  });

  test('writes from then on to the overlays of the chosen disks alone', async () => {
    const disks = [{ targetDev: 'vda', overlayPath: null }];
    const { after } = await snapshotSimulated({ input: { disks } });
    expect(after.disks?.map(({ path }) => path)).toEqual([newest('guest'), '/images/second.qcow2']);
  });
});

/** What a daemon does that was killed between the chain and its books. */
const forgetsMetadata = (plain: Parameters<ReturnType<typeof hooked>>[0]) => ({
  ...plain,
  open: async (uri: string, signal: AbortSignal): Promise<Hypervisor> => {
    const host = await plain.open(uri, signal);
    const createSnapshot: Hypervisor['createSnapshot'] = (domainUuid, request, given) =>
      host.createSnapshot(domainUuid, { ...request, noMetadata: true }, given);
    return new Proxy(host, {
      get: (target, name) => {
        if (name === 'createSnapshot') return createSnapshot;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  },
});

describe('what goes wrong', () => {
  const ways: readonly [string, Partial<DomainSnapshotInput>][] = [
    ['disks alone', {}],
    ['memory in a file', withMemory],
    ['all inside the disks', { kind: 'internal' }],
  ];

  test.each(ways)('a lost request leaves nothing: %s', async (_, input) => {
    const at = { call: 'createSnapshot' } as const;
    const ended = await snapshotSimulated({ input, faults: [{ at, do: 'loseRequest' }] });
    expect(ended.output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'unknown' } });
    expectAsBefore(ended);
  });

  test.each(ways)('a lost reply costs nothing: %s', async (_, input) => {
    const at = { call: 'createSnapshot' } as const;
    const ended = await snapshotSimulated({ input, faults: [{ at, do: 'loseReply' }] });
    expect(ended.output).toMatchObject({ outcome: 'completed', failure: null });
    expect(ended.after.claims).toEqual([]);
  });

  test.each(ways)('a refusal leaves nothing: %s', async (_, input) => {
    const at = { call: 'createSnapshot' } as const;
    const ended = await snapshotSimulated({ input, faults: [{ at, do: 'refuse' }] });
    expect(ended.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'libvirtError' },
    });
    expectAsBefore(ended);
  });

  test('an abort ends the job of the memory, and leaves nothing', async () => {
    const ended = await snapshotSimulated({
      input: withMemory,
      onState: (state, { abort, later }) => {
        if (state === 'working.creating.withMemory.writing.running') later(50, abort);
      },
    });
    expect(ended.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expectAsBefore(ended);
    expectContinuous(ended);
  });

  test('a snapshot that takes too long is given up', async () => {
    const ended = await snapshotSimulated({ input: { ...withMemory, timeoutMs: 20 } });
    expect(ended.output).toMatchObject({ failure: { code: 'timeBudgetExceeded' } });
    expectAsBefore(ended);
  });

  test('a guest that ends while its memory is written leaves no file', async () => {
    const { after, output } = await snapshotSimulated({
      input: { ...withMemory, live: true },
      onState: (state, { endGuest, later }) => {
        if (state === 'working.creating.withMemory.writing.running') later(50, endGuest);
      },
    });
    expect(output).toMatchObject({ outcome: 'rolledBack', snapshot: null, artefacts: [] });
    expect(after).toMatchObject({ state: 'shutoff', claims: [], snapshotCount: 0 });
    expect(after.files).toEqual(['/images/guest.qcow2', '/images/second.qcow2']);
  });

  test.each(ways)('a daemon killed in it leaves the guest as it was: %s', async (_, input) => {
    const ended = await snapshotSimulated({
      input,
      onState: (state, { later, world }) => {
        if (!/^working\.creating\.(disksAlone|withMemory\.writing\.running)$/.test(state)) return;
        later(5, () => world.killDaemon('hostA'));
        later(2_000, () => world.startDaemon('hostA'));
      },
    });
    expect(ended.output.outcome).toBe('rolledBack');
    expectAsBefore(ended);
    expectContinuous(ended);
  });

  test('overlays that libvirt has no snapshot of are merged back', async () => {
    const ended = await snapshotSimulated({ through: forgetsMetadata });
    expect(ended.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'snapshotMissing' },
    });
    expect(ended.states).toContain('working.merging.asking');
    expectAsBefore(ended);
  });

  test('so are those of what is shut off', async () => {
    const guest = { state: 'shutoff' } as const;
    const ended = await snapshotSimulated({ guest, through: forgetsMetadata });
    expect(ended.states).toContain('working.looking.namingBases');
    expectAsBefore(ended);
  });

  test('an overlay that QEMU has open and libvirt does not know is never removed', async () => {
    const path = '/images/overlay';
    const ended = await snapshotSimulated({
      input: { disks: [{ targetDev: 'vdb', overlayPath: path }] },
      through: hooked({
        createSnapshot: () => Promise.reject(new Error('the daemon was killed')),
        findDiskFiles: () => Promise.resolve([path]),
        findOpenFiles: () => Promise.resolve([{ path, nodes: ['overlay', 'file'] }]),
        listFiles: listsOnceAsked(path),
        removeFile: () => Promise.reject(new Error('nothing may be removed')),
      }),
    });
    expect(ended.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'overlayUnknown' },
    });
  });

  test('an agent that does not answer costs the freeze, and the guest is not left frozen', async () => {
    const ended = await snapshotSimulated({
      guest: { agent: 'silent' },
      input: { quiesce: 'required', freezeTimeoutMs: 1_000, thawWaitMs: 5_000 },
    });
    expect(ended.output).toMatchObject({ outcome: 'rolledBack' });
    expect(ended.after).toEqual(ended.before);
  });
});

/** The file stands from the second look on: it was free when the checks looked. */
function listsOnceAsked(path: string): (call: () => Promise<unknown>) => Promise<unknown> {
  let asked = 0;
  return (call) => {
    asked += 1;
    return asked === 1 ? call() : Promise.resolve([path]);
  };
}

describe('a process that dies', () => {
  const states = [
    'working.creating.disksAlone',
    'working.thawing.asking',
    'working.quiescing.freezing',
    'working.looking.asking',
    'working.recording.clearing',
    'releasing.asking',
  ];

  test.each(states)('in %s leaves a run that another one ends', async (state) => {
    const ended = await snapshotSimulated({ input: { quiesce: 'required' }, death: { state } });
    expect(['completed', 'rolledBack']).toContain(ended.output.outcome);
    if (ended.output.outcome === 'rolledBack') expectAsBefore(ended);
    else expect(ended.after).toMatchObject({ claims: [], snapshotCount: 1, vcpus: 'running' });
    expectContinuous(ended);
  });

  test.each(['before', 'after'] as const)('%s libvirt was asked, likewise', async (when) => {
    const death = { call: 'createSnapshot', when } as const;
    const ended = await snapshotSimulated({ input: withMemory, death });
    expect(ended.output.outcome).toBe(when === 'after' ? 'completed' : 'rolledBack');
    if (when === 'before') expectAsBefore(ended);
    expect(ended.after.claims).toEqual([]);
  });
});

test.each([
  ['a directory with disks of others alone', '/backup/overlay', 'refused'],
  ['a directory that it shares', '/images/overlay', 'completed'],
] as const)('an overlay goes to %s', async (_, overlayPath, outcome) => {
  const through = hooked({ findDirectoryUsers: () => Promise.resolve(['another-guest']) });
  const input = { disks: [{ targetDev: 'vda', overlayPath }] };
  const { output } = await snapshotSimulated({ input, through });
  expect(output).toMatchObject({ outcome });
  if (outcome === 'refused') expect(output.failure?.code).toBe('targetsUnused');
});
