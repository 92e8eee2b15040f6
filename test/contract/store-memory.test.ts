import type { RunStore } from '../../src/ports/run-store.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { describeStore } from './store.contract.ts';

describeStore('memory', () => {
  const memory = new SharedMemory();
  const opened: RunStore[] = [];
  const open = (): MemoryStore => {
    const store = new MemoryStore(memory);
    opened.push(store);
    return store;
  };
  return {
    open,
    openMortal: () => {
      const store = open();
      return Promise.resolve({ store, die: () => Promise.resolve(store.die()) });
    },
    dispose: async () => void (await Promise.all(opened.map((store) => store.close()))),
  };
});
