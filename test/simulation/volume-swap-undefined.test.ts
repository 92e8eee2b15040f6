import { describe, expect, test } from 'vitest';

import type { SwapEnd, SwapScenario } from '../support/simulated-swap.ts';
import { orderOf, swapSimulated } from '../support/simulated-swap.ts';
import { expectKept, expectSafe, expectSwapped, expectUnseen } from '../support/swap-truths.ts';

const disks = [orderOf('vda'), orderOf('vdb')];
/** Left as soon as they are entered. */
const passing =
  /(checking|choosing|deciding|defined|confirmed|swapped|givenUp|concluding|released|completed|rolledBack)$/;

const onOld = (scenario: SwapScenario = {}): Promise<SwapEnd> =>
  swapSimulated({
    ...scenario,
    host: { libvirtVersion: 3_004_000 },
    input: { disks, bandwidthMibPerS: 64, ...scenario.input },
  });

/** While it has no definition, and just before and after. */
async function statesBetween(scenario: SwapScenario = {}): Promise<readonly string[]> {
  const { states } = await onOld(scenario);
  return [...new Set(states)].filter(
    (state) => state.startsWith('working.') && !passing.test(state),
  );
}

/** Whatever struck it, it is persistent, and what is said of its volumes is true. */
function expectDefined(end: SwapEnd, ...allowed: readonly string[]): void {
  const { after, output } = end;
  const { failure } = output;
  expect(after.persistent, JSON.stringify(failure)).toBe(true);
  expect(output.artefacts.map(({ kind }) => kind)).not.toContain('definition');
  if (failure !== null && allowed.includes(failure.code)) return;
  expectSafe(end, 'vda', 'vdb');
}

describe('a swap on a host that copies disks of transient domains only', () => {
  test('puts the guest on its new volumes, and its definition follows', async () => {
    const end = await onOld();
    const wanted = [
      'copying.undefining',
      'copying.beginning',
      'defining.asking',
      'persisting.asking',
    ];
    const found = end.states.filter((state) => wanted.some((each) => state.endsWith(each)));
    expect([...new Set(found)]).toEqual(wanted.map((each) => `working.${each}`));
    expectSwapped(end, 'vda', 'vdb');
  });

  test('undefines nothing where libvirt need not, or where no QEMU copies', async () => {
    for (const way of [
      swapSimulated({ input: { disks } }),
      onOld({ guest: { state: 'shutoff' } }),
      onOld({ guest: { persistent: false } }),
    ]) {
      const { output, states } = await way;
      expect(output.outcome).toBe('completed');
      expect(states).not.toContain('working.copying.keepingDefinition');
    }
  });

  test('goes back, as any other', async () => {
    const end = await onOld({ input: { oldVolume: 'confirm' }, words: ['undo'] });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(end.states.filter((state) => state.endsWith('undefining'))).toHaveLength(2);
    expectKept(end);
  });

  test('is persistent again, in whichever state our process dies', async () => {
    for (const state of await statesBetween())
      for (const awayMs of [0, 60_000]) expectDefined(await onOld({ awayMs, death: { state } }));
  });

  const calls = [
    'readDefinition',
    'undefine',
    'copyBlockByRebase',
    'endBlockJob',
    'defineAgain',
    'changeDiskImage',
  ] as const;
  test.each(
    calls.flatMap((call) => [{ call, when: 'before' } as const, { call, when: 'after' } as const]),
  )('is persistent again when our process dies $when $call', async (death) => {
    for (const awayMs of [0, 60_000]) expectDefined(await onOld({ death, awayMs }));
  });

  test.each(['before', 'after'] as const)(
    'is on its new volumes when our process dies %s its definition is changed',
    async (when) => {
      for (const call of ['defineAgain', 'changeDiskImage'] as const)
        expectSwapped(await onOld({ death: { call, when } }), 'vda', 'vdb');
    },
  );

  test.each(
    calls.flatMap(
      (call) =>
        [
          { call, how: 'loseReply' },
          { call, how: 'loseRequest' },
        ] as const,
    ),
  )('is persistent again when $call suffers $how', async ({ call, how }) => {
    expectDefined(await onOld({ faults: [{ at: { call }, do: how }] }));
  });

  test('is persistent again when the daemon dies in any state, and comes back', async () => {
    for (const at of await statesBetween())
      for (const afterMs of [0, 5, 9, 11]) {
        let struck = false;
        const end = await onOld({
          onState: (state, { clock, world }) => {
            if (struck || state !== at) return;
            struck = true;
            const nowEpochMs = clock.nowEpochMs();
            clock.schedule(nowEpochMs + afterMs, () => world.killDaemon('hostA'));
            clock.schedule(nowEpochMs + 3_000, () => world.startDaemon('hostA'));
          },
        });
        expect(struck, at).toBe(true);
        if (end.output.failure?.code === 'guestUnseen' && end.after.state === 'running')
          expectUnseen(end);
        expectDefined(end, 'guestUnseen');
      }
  });

  test.each(['powerOff', 'killQemu'] as const)(
    'is persistent again when its guest ends in any state: %s',
    async (how) => {
      for (const at of await statesBetween()) {
        let struck = false;
        const end = await onOld({
          onState: (state, { uuid, world }) => {
            if (struck || state !== at) return;
            struck = true;
            world[how](uuid);
          },
        });
        expect(end.after, at).toMatchObject({ state: 'shutoff', persistent: true });
        expectAllThere(end);
      }
    },
  );

  test('is persistent again when it is aborted in any state', async () => {
    for (const at of await statesBetween())
      expectDefined(await onOld({ onState: (state, { abort }) => void (state === at && abort()) }));
  });

  test('keeps waiting when the way back is aborted, or its guest ends on it', async () => {
    const way = { input: { oldVolume: 'confirm' }, words: ['undo', 'confirm'] } as const;
    for (const strike of ['abort', 'powerOff'] as const) {
      let times = 0;
      const end = await onOld({
        ...way,
        onState: (state, { abort, uuid, world }) => {
          if (!state.endsWith('copying.beginning') || (times += 1) !== 4) return;
          if (strike === 'abort') abort();
          else world.powerOff(uuid);
        },
      });
      expect(times).toBe(4);
      expect(end.output.outcome).toBe('completed');
      expect(end.configured).toEqual(['/new/vda.qcow2', '/new/vdb.qcow2']);
      expect(end.after.persistent).toBe(true);
    }
  });
});

/** Whoever starts the guest has all that it wrote, unless nobody knows which volume is true. */
function expectAllThere({ after, configured, lastTickOn, output, spans }: SwapEnd): void {
  if (output.failure?.code === 'volumeUnknown') return;
  expect(['completed', 'rolledBack']).toContain(output.outcome);
  expect(after.claims).toEqual([]);
  const last = spans.at(-1)?.lastTick ?? null;
  for (const path of configured) expect(lastTickOn(path ?? ''), path ?? '').toBe(last);
}
