import { afterEach, expect, onTestFinished, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import type { Hook } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  onceIn,
  recoverGuest,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import type { SwapRequest } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a swap of a guest that is off', () => {
  const stage = useSwapLab('swap-offline');
  let count = 0;

  afterEach(() => recoverGuest(stage));

  /** The guest starts with the volume that the outcome names; the old one was only read. */
  const swapAnd = async (where: string, how: string, way: SwapRequest) => {
    const [before = ''] = await stage.places();
    const name = `off-${(count += 1)}.qcow2`;
    let isThere = false;
    let failure: unknown = null;
    await stage.powerCycle(async () => {
      const old = await stage.checksum(before);
      const definition = await stage.definition();
      const output = await stage.swap(fileImage(name), way);
      stage.note(where, how, output);
      expect(await stage.checksum(before)).toBe(old);
      isThere = output.outcome === 'completed';
      failure = output.failure;
      if (!isThere) {
        expect(output).toMatchObject({ outcome: 'rolledBack', swapped: [], artefacts: [] });
        const now = (await stage.definition()).replace(/ *<metadata\/>\n/, '');
        expect(now).toBe(definition.replace(/ *<metadata\/>\n/, ''));
      }
      expect((await stage.files()).includes(name)).toBe(isThere);
    });
    await expectOn(stage, isThere ? `${volumes}/${name}` : before);
    return { isThere, failure };
  };

  const states = ['looking.asking', 'making.creating', 'copyingOffline.converting'] as const;
  const late = ['persisting.first.asking', 'releasing.asking'] as const;

  test.each([...states, ...late])(
    'ends well where our process dies in %s',
    async (state) => {
      await swapAnd(state, 'our process is killed, offline', { dieIn: state });
    },
    120_000,
  );

  test.each(['createImage', 'convertImage', 'changeDiskImage'] as const)(
    'ends well where our process dies once %s has been done',
    async (call) => {
      await swapAnd(call, 'our process is killed behind it, offline', {
        dieIn: { call, when: 'after' },
      });
    },
    120_000,
  );

  test.each([...states, ...late])(
    'ends well where libvirtd is killed in %s',
    async (state) => {
      const { host } = stage;
      const { happened, onState } = onceIn(state, async () => {
        await host.kill();
        await host.start();
      });
      await swapAnd(state, 'libvirtd is killed, offline', { onState });
      await happened;
    },
    120_000,
  );

  test('is rolled back where the destination gets full', async () => {
    const { host } = stage;
    const small = `${volumes}/small`;
    await host.run('mkdir', ['-p', small]);
    await host.run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
    onTestFinished(async () => {
      await host.run('umount', [small]);
      await host.run('rmdir', [small]);
    });
    const [before = ''] = await stage.places();
    await stage.powerCycle(async () => {
      const old = await stage.checksum(before);
      const output = await stage.swap(fileImage('small/disk.qcow2'), {
        // The check beforehand would see it.
        through: hooked({ availableBytes: () => Promise.resolve(2 ** 40) }),
      });
      stage.note('copyingOffline.converting', 'the destination is full', output);
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'noSpace' } });
      expect(output).toMatchObject({ swapped: [], artefacts: [] });
      expect(await host.run('ls', ['-A', small])).toBe('');
      expect(await stage.checksum(before)).toBe(old);
    });
    await expectOn(stage, before);
  }, 60_000);

  test('is rolled back by an abort in the middle', async () => {
    const { failure, isThere } = await swapAnd('copyingOffline.converting', 'aborted', {
      onState: (state, abort) => {
        if (state.endsWith('converting')) abort();
      },
    });
    expect(isThere).toBe(false);
    expect(failure).toMatchObject({ code: 'abortRequested' });
  }, 60_000);

  /** Somebody starts the guest, which then has its old volume; it is off again at the end. */
  const startAnd = async (
    call: 'convertImage' | 'changeDiskImage',
    when: 'before' | 'behind',
  ): Promise<void> => {
    const { guest, host } = stage;
    const [before = ''] = await stage.places();
    await host.virsh(['destroy', guest.name]);
    await stage.beginCount();
    const start: Hook = async (work) => {
      if (when === 'before') await host.virsh(['start', guest.name]);
      const answer = await work();
      if (when === 'behind') await host.virsh(['start', guest.name]);
      return answer;
    };
    const name = `off-${(count += 1)}.qcow2`;
    let isDone = false;
    const output = await stage.swap(fileImage(name), {
      through: hooked({
        [call]: (work: () => Promise<unknown>, given: readonly unknown[]) => {
          if (isDone) return work();
          isDone = true;
          return start(work, given);
        },
      }),
    });
    stage.note(call, `the guest is started ${when} it`, output);
    expect(isDone).toBe(true);
    // Whichever it took, the definition names the same, and the other one is not left as ours.
    const isThere = output.outcome === 'completed';
    if (!isThere) expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect((await stage.files()).includes(name)).toBe(isThere);
    await expectOn(stage, isThere ? `${volumes}/${name}` : before);
  };

  test.each([
    ['convertImage', 'before'],
    ['convertImage', 'behind'],
    ['changeDiskImage', 'before'],
    ['changeDiskImage', 'behind'],
  ] as const)(
    'never parts guest and definition where the guest is started (%s, %s)',
    (call, when) => startAnd(call, when),
    120_000,
  );
});
