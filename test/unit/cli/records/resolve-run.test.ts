import { expect, test } from 'vitest';

import { resolveRun } from '../../../../src/cli/records/resolve-run.ts';
import { MemoryStore } from '../../../../src/store/memory/index.ts';
import { batchOf, runRecord } from '../../../contract/store-batches.ts';

async function storeOfTwo(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const runs = [
    runRecord('4f2a9c01-aaaa', { subject: 'db1' }),
    runRecord('4f2b7d13-bbbb', { subject: 'web' }),
  ];
  await store.commit(batchOf({ runs }));
  return store;
}

test.each([
  ['4f2', '2 runs begin with "4f2": '],
  ['4g2b7d', 'no run begins with "4g2b7d": .*; did you mean 4f2b7d13-bbbb \\(web\\)\\?$'],
  ['db1', 'no run begins with "db1": .*; of db1 there is 4f2a9c01-aaaa$'],
  ['zzzzzz', 'lists those there are$'],
  ['no such/thing', 'lists those there are$'],
])('%s is told with what is like it', async (beginning, said) => {
  const store = await storeOfTwo();
  await expect(resolveRun(store, beginning)).rejects.toThrow(new RegExp(said));
});

test('a beginning that only one run has is that run', async () => {
  expect((await resolveRun(await storeOfTwo(), '4F2A')).id).toBe('4f2a9c01-aaaa');
});
