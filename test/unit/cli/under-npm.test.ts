import { expect, test } from 'vitest';

import { readLines, Spawned } from './spawned.ts';

const words = ['--from', 'simulated:///hostA', '--to', 'simulated:///hostB', '--json'];
// Ends by itself where the signal does not arrive, so that a failure leaves no process behind.
const busy = ['migrate', 'busy', '--timeout', '15', ...words];

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s to npm alone reaches the migration, and its exit status comes back',
  { timeout: 60_000 },
  async (signal) => {
    const run = new Spawned(busy, ['npm', 'exec', '--', 'node']);
    await run.untilPrinted('perform3.precopying');
    run.process.kill(signal);
    const { status, stdout } = await run.ended();
    expect(readLines(stdout).at(-1)).toMatchObject({ outcome: 'rolledBack' });
    expect(status).toBe(130);
  },
);
