import { beforeAll, expect, test } from 'vitest';

import { expectUnharmed, snapshotDirectory } from '../support/lab-snapshot.ts';
import { expectDefined, useOldLab } from '../support/lab-undefined.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a live snapshot where libvirt copies disks of transient domains only', () => {
  const stage = useOldLab('live-undefined');
  let configured = '';
  beforeAll(async () => {
    configured = await stage.configure();
  }, 60_000);

  test('makes its image of a domain that is transient meanwhile, and gives it all back', async () => {
    const { host } = stage;
    const snapshot = stage.follow();
    await snapshot.entered('copying.makingDelta');
    expect(await stage.isPersistent()).toBe(false);
    const output = await snapshot.end();
    stage.note('all', 'none', output);
    expect(output).toMatchObject({ outcome: 'completed', consistency: 'filesystem' });
    expect(JSON.stringify(snapshot.states)).not.toContain('hunter22');
    await expectDefined(stage, configured);
    await host.run('rm', [`${snapshotDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 90_000);

  test('gives the definition back when our process dies meanwhile', async () => {
    const output = await stage.diedIn('awaitingReady.waiting', async () => {
      expect(await stage.isPersistent()).toBe(false);
    });
    stage.note('copying.awaitingReady', 'our process dies', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'interrupted' },
      artefacts: [],
    });
    await expectDefined(stage, configured);
    await expectUnharmed(stage);
  }, 90_000);
});
