import type { SimulationPlan } from './plan.ts';
import { shortestFailing } from './shrink.ts';
import type { SimulationEnd } from './simulation.ts';

/** One more thing to be left out, or made plainer, of a plan. */
type Piece =
  | { readonly of: 'fault' | 'workflow'; readonly at: number }
  | { readonly of: 'sent'; readonly at: number };

/**
 * A plan that breaks the same rule with as little as possible: no fault, workflow or command that is
 * not needed. Domains and hosts stay, so that the world is the same.
 */
export async function shrinkPlan(
  plan: SimulationPlan,
  rule: string,
  run: (plan: SimulationPlan) => Promise<Pick<SimulationEnd, 'findings'>>,
): Promise<SimulationPlan> {
  const stillBreaks = async (pieces: readonly Piece[]): Promise<boolean> => {
    const { findings } = await run(only(plan, pieces));
    return findings.some((finding) => finding.rule === rule);
  };
  const pieces: Piece[] = [
    ...plan.workflows.map((_, at) => ({ of: 'workflow', at }) as const),
    ...plan.workflows.flatMap(({ sent }, at) =>
      sent.length > 0 ? [{ of: 'sent', at } as const] : [],
    ),
    ...plan.faults.map((_, at) => ({ of: 'fault', at }) as const),
  ];
  return only(plan, await shortestFailing(pieces, stillBreaks));
}

function only(plan: SimulationPlan, pieces: readonly Piece[]): SimulationPlan {
  const has = (of: Piece['of'], at: number): boolean =>
    pieces.some((piece) => piece.of === of && piece.at === at);
  return {
    ...plan,
    faults: plan.faults.filter((_, at) => has('fault', at)),
    workflows: plan.workflows.flatMap((workflow, at) =>
      has('workflow', at) ? [{ ...workflow, sent: has('sent', at) ? workflow.sent : [] }] : [],
    ),
  };
}
