import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/index.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { RunStore } from '../../src/ports/run-store.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

const completed = z.object({ output: z.looseObject({ outcome: z.literal('completed') }) });

type Bind = (hypervisors: Hypervisors) => readonly BoundMachine[];

/** Our engine on connections that stay open. */
export function warmEngine(bind: Bind, store: RunStore = new MemoryStore()) {
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  let runs = 0;
  const engine = new Engine({
    store,
    clock: systemClock,
    log: noLog,
    machines: bind(hypervisors),
    newRunId: () => `run-${(runs += 1)}`,
  });
  return {
    /** A run from the call to its end. @throws where that is not `completed` */
    complete: async (machine: string, input: unknown) => {
      const begunMs = performance.now();
      const ending = await (await engine.start(machine, input)).wait();
      const elapsedMs = performance.now() - begunMs;
      const { data } = completed.safeParse(ending);
      if (data === undefined) throw new Error(JSON.stringify(ending));
      return { elapsedMs, output: data.output };
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await engine.close();
      await hypervisors.close();
    },
  };
}

/** The same on a store of the command line's kind: every step is on the disk before the next begins. */
export async function durableEngine(bind: Bind) {
  const directory = await mkdtemp(join(tmpdir(), 'virtstate-bench-'));
  const store = openSqliteStore(join(directory, 'runs.db'));
  const engine = warmEngine(bind, store);
  return {
    complete: engine.complete,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await engine[Symbol.asyncDispose]();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
