import { describe, expect, test } from 'vitest';

import type { CallFault } from '../../src/adapters/simulated/index.ts';
import type { SwapScenario } from '../support/simulated-swap.ts';
import { swapSimulated } from '../support/simulated-swap.ts';

const changing = (fault: CallFault): SwapScenario => ({
  guest: { state: 'shutoff' },
  faults: [{ at: { call: 'changeDiskImage' }, do: fault }],
  onState: (state, { world }) => {
    if (state === 'working.persisting.first.waiting') world.killDaemon('hostA');
  },
});

describe('a guest that is off, whose host falls silent as its definition changes', () => {
  test.each(['loseReply', 'failAfterEffect'] as const)(
    'keeps both volumes for a person to choose, where it was changed: %s',
    async (fault) => {
      const { after, before, configured, output } = await swapSimulated(changing(fault));
      expect(output).toMatchObject({
        outcome: 'needsOperator',
        failure: { code: 'volumeUnknown' },
      });
      expect(configured[0]).toBe('/new/vda.qcow2');
      expect(after.files).toEqual([...before.files, '/new/vda.qcow2']);
    },
  );

  test('keeps its old volume, where it was not', async () => {
    const { configured, output } = await swapSimulated(changing('failBeforeEffect'));
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'hostUnreachable' } });
    expect(configured[0]).toBe('/images/vda.qcow2');
  });
});
