import { describe, expect, test } from 'vitest';

import type { SnapshotScenario } from '../support/simulated-snapshot.ts';
import { uuid } from '../support/simulated-host.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import {
  expectGuestAsBefore,
  expectImage,
  expectNoImage,
  expectSafe,
} from '../support/snapshot-truths.ts';

const input = { disks: ['vda', 'vdb'] };
/** Left as soon as they are entered. */
const passing = /(checking|choosing|settling|deciding|concluding|released|completed|defined)$/;

const onOld = (scenario: SnapshotScenario = {}) =>
  snapshotSimulated({ libvirtVersion: 3_004_000, input, ...scenario });

async function statesOf(): Promise<readonly string[]> {
  const { states } = await onOld();
  return [...new Set(states)].filter((state) => !passing.test(state));
}

/** While it has no definition, and just before and after. */
async function statesBetween(): Promise<readonly string[]> {
  return (await statesOf()).filter((state) => state.startsWith('working.'));
}

describe('a live snapshot on a host that copies disks of transient domains only', () => {
  test('makes its images, and the domain is persistent again', async () => {
    const end = await onOld();
    expect(end.states).toContain('working.copying.undefining');
    expectImage(end);
    expectGuestAsBefore(end);
  });

  test('undefines nothing where libvirt need not', async () => {
    const { states } = await snapshotSimulated({ input });
    expect(states).not.toContain('working.copying.keepingDefinition');
  });

  test('is persistent again, in whichever state our process dies', async () => {
    for (const state of await statesOf())
      for (const awayMs of [0, 60_000]) expectSafe(await onOld({ awayMs, death: { state } }));
  });

  const calls = ['readDefinition', 'undefine', 'copyBlock', 'endBlockJob', 'defineAgain'] as const;
  test.each(
    calls.flatMap((call) => [{ call, when: 'before' } as const, { call, when: 'after' } as const]),
  )('is persistent again when our process dies $when $call', async (death) => {
    for (const awayMs of [0, 60_000]) expectSafe(await onOld({ death, awayMs }));
  });

  test('is persistent again when the daemon dies in any state, and comes back', async () => {
    for (const at of await statesBetween()) {
      let struck = false;
      const end = await onOld({
        onState: (state, { clock, world }) => {
          if (struck || state !== at) return;
          struck = true;
          world.killDaemon('hostA');
          clock.schedule(clock.nowEpochMs() + 3_000, () => world.startDaemon('hostA'));
        },
      });
      expect(struck, at).toBe(true);
      expectSafe(end);
    }
  });

  test.each(['powerOff', 'killQemu'] as const)(
    'is persistent again when its guest ends in any state: %s',
    async (how) => {
      for (const at of await statesBetween()) {
        let struck = false;
        const { after, output } = await onOld({
          onState: (state, { world }) => {
            if (struck || state !== at) return;
            struck = true;
            world[how](uuid);
          },
        });
        expect(after, at).toMatchObject({ state: 'shutoff', persistent: true, claims: [] });
        expect(['completed', 'rolledBack']).toContain(output.outcome);
      }
    },
  );

  test('is persistent again when it is aborted in any state', async () => {
    for (const at of await statesBetween()) {
      const end = await onOld({ onState: (state, { abort }) => void (state === at && abort()) });
      expectSafe(end);
    }
  });

  test.each(
    calls.flatMap(
      (call) =>
        [
          { call, how: 'loseReply' },
          { call, how: 'loseRequest' },
        ] as const,
    ),
  )('is persistent again when $call suffers $how', async ({ call, how }) => {
    expectSafe(await onOld({ faults: [{ at: { call }, do: how }] }));
  });

  test.each(['disconnected', 'none'] as const)(
    'ends its copies before it is defined again where its agent is %s',
    async (agent) => {
      const end = await onOld({ guest: { agent } });
      expect(end.output.consistency).toBe('crash');
      expect(end.states.indexOf('working.ending')).toBeLessThan(
        end.states.lastIndexOf('working.mending.defining'),
      );
      expectImage(end);
      expect(end.after).toMatchObject({ persistent: true, claims: [] });
    },
  );

  test('thaws a guest whose copies end late before it is defined again', async () => {
    const end = await onOld({ faults: [{ at: { call: 'defineAgain' }, do: 'loseRequest' }] });
    expect(end.states.indexOf('working.thawing.asking')).toBeLessThan(
      end.states.indexOf('working.defining.asking'),
    );
    expectImage(end);
  });
});

describe('a live snapshot whose process died before its copy began', () => {
  test('says that it was interrupted', async () => {
    const end = await snapshotSimulated({ input, death: { call: 'copyBlock', when: 'before' } });
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'interrupted' },
      artefacts: [],
    });
    expectNoImage(end);
    expectGuestAsBefore(end);
  });

  test('goes on where it began after all', async () => {
    const end = await snapshotSimulated({ input, death: { call: 'copyBlock', when: 'after' } });
    expectImage(end);
    expectGuestAsBefore(end);
  });
});
