import { expect, test } from 'vitest';

import { newerMachine } from '../../lab/index.ts';
import { expectAsBefore, expectMoved, expectTicksContinuous } from '../support/lab-migration.ts';
import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('between generations of libvirt', () => {
  const stage = useLab('gens', 4);

  test.for([
    { protocol: 'peer2peer', from: 'hostA', to: 'hostC', which: '9.0 to 11.3' },
    { protocol: 'direct', from: 'hostC', to: 'hostD', which: '11.3 to 11.3' },
  ] as const)('$which, $protocol, with storage copy', async ({ protocol, from, to }) => {
    const guest = await stage.lab.guest('guest', { on: from });
    const options = { copyStorage: 'all' } as const;
    const output = await stage.migrate(guest, { from, to, input: { protocol }, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.phases.map(({ phase }) => phase)).toEqual([
      'BEGIN3',
      'PREPARE',
      'PERFORM3',
      'PERFORM3_DONE',
      'FINISH3',
      'CONFIRM3',
    ]);
    expect(output.artefacts.map(({ status }) => status)).toEqual(['made', 'kept']);
    await expectMoved(stage.lab, guest, { from, to });
    await expectTicksContinuous(guest);
  });

  test('11.3 to 9.0 is refused where the machine type is not known', async () => {
    const options = { on: 'hostC', machine: newerMachine, storage: 'shared' } as const;
    const guest = await stage.lab.guest('guest', options);
    const before = await stage.lab.listing();
    for (const protocol of ['peer2peer', 'direct'] as const) {
      const request = { from: 'hostC', to: 'hostB', input: { protocol } };
      expect(await stage.migrate(guest, request).end()).toMatchObject({
        outcome: 'refused',
        failure: {
          code: 'machineTypeKnown',
          message: expect.stringContaining(`does not know the machine type ${newerMachine}`),
        },
        phases: [],
      });
    }
    expect(await stage.lab.host('hostB').migrationLog()).toEqual([]);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });
});
