import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { driveToEnd } from '../../../src/cli/driving/drive-to-end.ts';
import { Output } from '../../../src/cli/output.ts';
import { shownOneHost } from '../../../src/cli/workflows/one-host.ts';
import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';

const host = 'simulated:///hostA';
const failure = { code: 'engineClosed', message: 'it was left', effect: 'unknown' } as const;

test.each([
  ['words', `  host         ${host}: defined, not running\n`],
  ['json', ''],
] as const)('how the guest of a run that is left stands is said in %s', async (style, said) => {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const { hypervisors } = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }],
    domains: [{ name: 'web', host: 'hostA', state: 'shutoff', memoryBytes: 2 ** 20 }],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new Output({ stdout, stderr });
  const driven = {
    run: {
      startedAtEpochMs: 0,
      wait: () => Promise.resolve({ ended: 'broken', atEpochMs: 1, failure } as const),
    },
    shown: shownOneHost('coldSnapshot', { domain: 'web', host }),
    presenter: { close: () => undefined },
    uuid: () => null,
  };
  const { status } = await clock.run(driveToEnd(driven, { hypervisors, output, style }));
  stderr.end();
  expect(await text(stderr)).toBe(said);
  expect(status).toBe(75);
});
