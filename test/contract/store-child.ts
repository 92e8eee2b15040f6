import { StoreError } from '../../src/ports/run-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { batchOf, beginning, runRecord, step } from './store-batches.ts';
import type { Call, Reply } from './store-process.ts';

// The other end of a StoreProcess: `node store-child.ts PATH` with a channel to its parent.
const store = openSqliteStore(process.argv[2] ?? '');

/** Commits one step after the other, and says which one is on record, until it is killed. */
async function commitForEver(runId: unknown): Promise<never> {
  const id = String(runId);
  await store.commit(beginning(id));
  for (let count = 1; ; count += 1) {
    const snapshot = { value: 'copying', context: { step: count } };
    const runs = [runRecord(id, { snapshot })];
    await store.commit(batchOf({ runs, journal: [step(id, [`copying${count}`])] }));
    process.send?.({ id: 0, result: count } satisfies Reply);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function answer({ id, method, args }: Call): Promise<void> {
  const reply = (message: Omit<Reply, 'id'>): void => void process.send?.({ id, ...message });
  try {
    if (method === 'commitForEver') return await commitForEver(args[0]);
    const called: unknown = Reflect.get(store, method);
    if (typeof called !== 'function') throw new TypeError(`no method ${method}`);
    reply({ result: await Reflect.apply(called, store, args) });
  } catch (error) {
    const code = error instanceof StoreError ? error.code : 'bug';
    reply({ error: { code, message: String(error) } });
  }
}

process.on('message', (call: Call) => void answer(call));
process.on('disconnect', () => process.exit());
process.send?.({ id: 0 } satisfies Reply);
