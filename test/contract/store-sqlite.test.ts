import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunStore } from '../../src/ports/run-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { StoreProcess } from './store-process.ts';
import { describeStore } from './store.contract.ts';

describeStore('SQLite', () => {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-store-'));
  const path = join(directory, 'runs.db');
  const opened: RunStore[] = [];
  const processes: StoreProcess[] = [];
  return {
    open: () => {
      const store = openSqliteStore(path);
      opened.push(store);
      return store;
    },
    openMortal: async () => {
      const other = await StoreProcess.start(path);
      processes.push(other);
      return { store: other.store, die: () => other.kill() };
    },
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await Promise.all(processes.map((other) => other.kill()));
      rmSync(directory, { recursive: true });
    },
  };
});
