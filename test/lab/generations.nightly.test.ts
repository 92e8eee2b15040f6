import { expect, test } from 'vitest';

import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('between generations of libvirt, the other ways', () => {
  const stage = useLab('gensall', 4);

  test.for([
    { protocol: 'direct', from: 'hostA', to: 'hostC', which: '9.0 to 11.3' },
    { protocol: 'peer2peer', from: 'hostC', to: 'hostD', which: '11.3 to 11.3' },
    { protocol: 'peer2peer', from: 'hostC', to: 'hostB', which: '11.3 to 9.0' },
    { protocol: 'direct', from: 'hostC', to: 'hostB', which: '11.3 to 9.0' },
  ] as const)('$which, $protocol, with storage copy', async ({ protocol, from, to }) => {
    const guest = await stage.lab.guest('guest', { on: from });
    const options = { copyStorage: 'all' } as const;
    const output = await stage.migrate(guest, { from, to, input: { protocol }, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, { from, to });
    await expectTicksContinuous(guest);
  });
});
