import { z } from 'zod';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/index.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';

const completed = z.object({ output: z.looseObject({ outcome: z.literal('completed') }) });

/** Our engine on connections that stay open. */
export function warmEngine(bind: (hypervisors: Hypervisors) => readonly BoundMachine[]) {
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  let runs = 0;
  const engine = new Engine({
    store: new MemoryStore(),
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
