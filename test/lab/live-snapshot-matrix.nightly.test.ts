import { expect, test } from 'vitest';

import { expectLost, startAnew } from '../support/lab-lost-guest.ts';
import {
  expectUnharmed,
  freezeStatus,
  snapshotDirectory,
  useSnapshotLab,
} from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';

/** Every state in which something of ours is under way outside. */
const states = [
  'copying.makingDelta',
  'copying.beginningCopy',
  'awaitingReady.waiting',
  'quiescing.askingAgent',
  'quiescing.freezing',
  'working.ending',
  'thawing.asking',
  'writing.flattening',
  'writing.inspecting',
  'naming.asking',
  'tidying.asking',
  'releasing.asking',
] as const;
const image = `${snapshotDirectory}/image.qcow2`;

describeLab('a live snapshot comes to its end', () => {
  const stage = useSnapshotLab('live-matrix', 'hostA', { fill: '16M' });

  /** A whole image or none, and the guest as it was. */
  const expectSafe = async (outcome: string): Promise<void> => {
    expect(['completed', 'rolledBack']).toContain(outcome);
    await expectUnharmed(stage, outcome === 'completed' ? ['image.qcow2'] : []);
    expect(await freezeStatus(stage)).toBe('thawed');
    if (outcome === 'completed') await stage.host.run('rm', [image]);
  };

  test.each(states)(
    'when our process dies in %s',
    async (state) => {
      const output = await stage.killedIn(state, { format: 'raw' });
      stage.note(state, 'our process dies', output);
      await expectSafe(output.outcome);
    },
    180_000,
  );

  test.each(states)(
    'when libvirtd is killed in %s, and comes back',
    async (state) => {
      const snapshot = stage.snapshot({ input: { bandwidthMibPerS: 32, format: 'raw' } });
      await snapshot.entered(state);
      await stage.host.kill();
      await stage.host.start();
      const output = await snapshot.end();
      if (output.outcome === 'needsOperator') {
        const found = await expectLost(stage, output);
        stage.note(state, `SIGKILL of libvirtd: ${found}`, output);
        await startAnew(stage);
        await expectUnharmed(stage);
        return;
      }
      stage.note(state, 'SIGKILL of libvirtd', output);
      await expectSafe(output.outcome);
    },
    180_000,
  );

  test.each(states)(
    'when it is aborted in %s',
    async (state) => {
      const snapshot = stage.snapshot({ input: { format: 'raw' } });
      await snapshot.entered(state);
      snapshot.abort();
      const output = await snapshot.end();
      stage.note(state, 'abort', output);
      await expectSafe(output.outcome);
    },
    120_000,
  );
});
