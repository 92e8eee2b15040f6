import type { Run } from '../../src/engine/run.ts';
import type { Engines, Seat } from './engines.ts';
import { settled } from './engines.ts';
import type { ToySlots } from './toy-machine.ts';
import { bindToy } from './toy-machine.ts';

/** Runs a toy up to where it stands still, kills its process, and lets another one take over. */
export async function inherit(
  engines: Engines,
  before: ToySlots,
  after: ToySlots,
  events: readonly string[] = ['go'],
): Promise<{ run: Run; heir: Seat }> {
  const victim = engines.seat(bindToy(before));
  const left = await victim.engine.start('toy', { n: 1 });
  await settled();
  for (const type of events) {
    left.send({ type });
    await settled();
  }
  victim.store.die();
  const heir = engines.seat(bindToy(after));
  const { runs } = await heir.engine.recover();
  const [run] = runs;
  if (run === undefined) throw new Error('nothing was taken over');
  return { run, heir };
}
