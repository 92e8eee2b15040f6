import { expect, test } from 'vitest';

import { ticksOn, useRevertLab } from '../support/lab-revert.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a revert by libvirt 9.0 in the midst of which somebody dies', () => {
  const stage = useRevertLab('revert-deaths', 'hostA');

  test('has a snapshot to go to', async () => {
    await stage.virsh('snapshot-create-as', stage.guest.name, 'then');
    await ticksOn(stage, 2);
  }, 120_000);

  test.each([
    'claiming',
    'checkingKept.asking',
    'looking.asking',
    'reclaiming.asking',
    'releasing.asking',
  ])(
    'our process, in %s',
    async (state) => {
      await ticksOn(stage, 4);
      const before = await stage.picture();
      const output = await stage.revert({ input: { name: 'then' }, dieIn: state });
      stage.note(state, 'process killed', output);
      expect(['completed', 'rolledBack']).toContain(output.outcome);
      expect(output).toMatchObject({ artefacts: [], keptAs: null });
      await ticksOn(stage, 2);
      expect(await stage.picture()).toEqual(before);
    },
    240_000,
  );

  test.each(['keeping', 'looking.asking', 'reclaiming.asking', 'discarding.asking'])(
    'libvirtd, in %s',
    async (state) => {
      await ticksOn(stage, 4);
      const before = await stage.picture();
      let struck = false;
      const output = await stage.revert({
        input: { name: 'then' },
        onState: async (entered) => {
          if (struck || !entered.endsWith(state)) return;
          struck = true;
          await stage.host.kill();
          await stage.host.start();
        },
      });
      expect(struck).toBe(true);
      stage.note(state, 'libvirtd killed', output);
      expect(['completed', 'rolledBack']).toContain(output.outcome);
      expect(output).toMatchObject({ artefacts: [], keptAs: null });
      await ticksOn(stage, 2);
      expect(await stage.picture()).toEqual(before);
    },
    240_000,
  );
});
