import { z } from 'zod';

import type { Fault } from '../../src/adapters/simulated/index.ts';
import type { SimulationPlan } from '../../src/testing/simulation/index.ts';

/** What is left of a plan: of its workflows and commands by their place, and the faults. */
const scriptSchema = z.strictObject({
  workflows: z.array(z.strictObject({ at: z.int().min(0), sent: z.boolean() })),
  // What a fault may be the world itself says, by name.
  faults: z.array(z.custom<Fault>(isLikeFault, 'a fault has a place "at" and what to "do"')),
});

export type Script = z.infer<typeof scriptSchema>;

export function scriptOf(whole: SimulationPlan, shrunk: SimulationPlan): Script {
  const workflows = shrunk.workflows.map((workflow) => {
    const at = whole.workflows.findIndex(
      (each) => each.input === workflow.input && each.startMs === workflow.startMs,
    );
    return { at, sent: workflow.sent.length > 0 };
  });
  return { workflows, faults: [...shrunk.faults] };
}

/** @throws Error that says what is wrong with it */
export function applyScript(plan: SimulationPlan, text: string): SimulationPlan {
  const { faults, workflows } = scriptSchema.parse(JSON.parse(text));
  return {
    ...plan,
    faults,
    workflows: workflows.map(({ at, sent }) => {
      const workflow = plan.workflows[at];
      if (workflow === undefined) throw new Error(`the seed has no workflow ${at}`);
      return { ...workflow, sent: sent ? workflow.sent : [] };
    }),
  };
}

function isLikeFault(value: unknown): value is Fault {
  const { at, do: what }: { readonly at?: unknown; readonly do?: unknown } = Object(value);
  return typeof at === 'object' && at !== null && what !== undefined;
}
