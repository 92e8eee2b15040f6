import { describe, expect, test } from 'vitest';

import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { snapshotSimulated } from '../support/simulated-domain-snapshot.ts';
import { uuid } from '../support/simulated-host.ts';
import type { Stage } from '../support/simulated-runs.ts';

const unending = new AbortController().signal;

/** So long after a pivot was asked for QEMU has done it, and its daemon has not heard of it. */
const unheardMs = 9;
/** And so long after that the daemon has a record of the guest that it cannot read. */
const tornMs = 12;

/**
 * Libvirt has no snapshot of the overlays, which are merged back; something befalls the guest when the
 * first of them is to be pivoted.
 */
function mergedBack(
  targetDevs: readonly string[],
  befall: (stage: Stage) => void,
  hooks: Parameters<typeof hooked>[0] = {},
) {
  let stage: Stage | undefined;
  let isDue = true;
  const forgetful = hooked({
    ...hooks,
    createSnapshot: (_, [domainUuid, request]) => {
      const asked = { ...Object(request), noMetadata: true } as Parameters<
        Hypervisor['createSnapshot']
      >[1];
      return stage?.hand.createSnapshot(String(domainUuid), asked, unending) ?? Promise.reject();
    },
    endBlockJob: (call) => {
      if (isDue && stage !== undefined) befall(stage);
      isDue = false;
      return call();
    },
  });
  return snapshotSimulated({
    input: { disks: targetDevs.map((targetDev) => ({ targetDev, overlayPath: null })) },
    through: forgetful,
    onState: (_, entered) => {
      stage = entered;
    },
  });
}

type Ended = Awaited<ReturnType<typeof mergedBack>>;

const killedAfter =
  (delayMs: number) =>
  ({ later, world }: Stage): void => {
    later(delayMs, () => world.killDaemon('hostA'));
    later(3_000, () => world.startDaemon('hostA'));
  };

const overlayOf = (disk: 'guest' | 'second') => `/images/${disk}.before`;

/** Whoever starts the domain once its QEMU has ended starts it with all that the guest has written. */
async function expectAllDataIn({ clock, hand, world }: Ended, disks: readonly string[]) {
  const lastTick = world.ticks(uuid).at(-1)?.lastTick;
  const paths = await clock.run(
    Promise.all(disks.map((disk) => hand.findDiskSource(uuid, 'configuration', disk, unending))),
  );
  expect(paths.map((path) => world.lastTickOn('hostA', path ?? ''))).toEqual(
    disks.map(() => lastTick),
  );
}

describe('overlays that are merged back', () => {
  test.each([[['vda']], [['vda', 'vdb']]])(
    'a daemon that believes in one that the guest has left: %j',
    async (disks) => {
      const ended = await mergedBack(disks, killedAfter(unheardMs));
      expect(ended.output).toMatchObject({
        outcome: 'needsOperator',
        failure: { code: 'chainStale', message: expect.stringContaining(overlayOf('guest')) },
      });
      expect(ended.after).toMatchObject({ state: 'running', vcpus: 'running' });
      expect(ended.after.files).toContain(overlayOf('guest'));
      ended.world.powerOff(uuid);
      await expectAllDataIn(ended, disks);
    },
  );

  test('a daemon that loses the guest: no file goes, and nothing is changed', async () => {
    const ended = await mergedBack(['vda'], killedAfter(tornMs));
    expect(ended.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen', message: expect.stringContaining('pgrep -f guest=guest') },
    });
    expect(ended.output.failure?.message).toContain(overlayOf('guest'));
    expect(ended.after.files).toContain(overlayOf('guest'));
    expect(ended.states).not.toContain('working.looking.namingBases');
  });

  test('a guest that ends meanwhile: what it wrote to its overlay stays named', async () => {
    const ended = await mergedBack(['vda'], ({ endGuest }) => endGuest());
    expect(ended.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'layersUncertain' },
    });
    expect(ended.after.files).toContain(overlayOf('guest'));
    await expectAllDataIn(ended, ['vda']);
  });

  test('a merge of which libvirt knows the job and no mirror is pivoted', async () => {
    const { after, before, output } = await mergedBack(['vda'], () => undefined, {
      findChains: async (call) =>
        ((await call()) as readonly object[]).map((chain) => ({ ...chain, mirror: null })),
    });
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'snapshotMissing' } });
    expect(after).toEqual(before);
  });
});
