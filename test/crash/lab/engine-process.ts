import { randomUUID } from 'node:crypto';

import { createLibvirtHypervisors } from '../../../src/adapters/libvirt/index.ts';
import type { LiveMigrationOutput } from '../../../machines/index.ts';
import { bindMigrations, Engine, noLog, systemClock } from '../../../src/index.ts';
import type { Run } from '../../../src/index.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import type { Order, Told } from './engine-messages.ts';
import { holding } from './holding.ts';

/** A process that drives one migration of the lab, and is there to be killed. */
const tell = (told: Told): void => void process.send?.(told);

async function carryOut({ hold, start, storePath }: Order): Promise<void> {
  const plain = createLibvirtHypervisors({ clock: systemClock });
  const hypervisors =
    hold === null ? plain : holding(plain, hold, () => tell({ kind: 'held', call: hold.call }));
  const engine = new Engine({
    store: openSqliteStore(storePath),
    clock: systemClock,
    log: noLog,
    machines: bindMigrations(hypervisors),
    newRunId: randomUUID,
  });
  engine.on('state.entered', ({ state }) => tell({ kind: 'entered', state }));
  const run =
    start === null ? await recoverOne(engine) : await engine.start('liveMigration', start);
  if (run === null) tell({ kind: 'nothingLeft' });
  else {
    const ending = await run.wait();
    if (ending.ended === 'broken') throw new Error(ending.failure.message);
    tell({ kind: 'ended', output: ending.output as LiveMigrationOutput });
  }
  await engine.close();
  await plain.close();
}

/** `null`: there is nothing to go on with. */
async function recoverOne(engine: Engine): Promise<Run | null> {
  const { runs, parked } = await engine.recover();
  const [failure] = parked.map((each) => each.failure);
  if (failure !== undefined) throw new Error(failure.message);
  return runs[0] ?? null;
}

process.once('message', (order: Order) => {
  carryOut(order).then(
    () => process.disconnect(),
    (error: unknown) => {
      tell({ kind: 'broke', message: error instanceof Error ? error.message : String(error) });
      process.disconnect();
    },
  );
});
