import { expect, test } from 'vitest';

import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

/** What the toy's timer says in the journal where its process dies at once and so much time goes by. */
async function firedAfter(awayMs: number): Promise<unknown[]> {
  const engines = new Engines();
  const victim = engines.seat(bindToy({}));
  await victim.engine.start('toy', { n: 1 });
  await settled();
  victim.store.die();
  const { promise, resolve } = Promise.withResolvers<void>();
  engines.clock.schedule(engines.clock.nowEpochMs() + awayMs, resolve);
  await engines.clock.run(promise);
  const heir = engines.seat(bindToy({}));
  const [run] = (await heir.engine.recover()).runs;
  await engines.clock.run(run?.wait() ?? never());
  const rows = (await heir.store.journal('run-1')) ?? [];
  return rows.flatMap(({ event }) =>
    event.type.startsWith('xstate.after') ? [event['late'] ?? false] : [],
  );
}

test('a timer that fell due while nobody drove the run says so', async () => {
  expect(await firedAfter(5_000)).toEqual([true]);
});

test('one that had time left does not', async () => {
  expect(await firedAfter(10)).toEqual([false]);
});
