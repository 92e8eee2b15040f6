import type { ChartEdge, NamedCall } from './edges.ts';

/** Failure takes this edge. */
const failureMark = '✗ ';

/** All transitions between two states, as one arrow; those that a failure takes have one of their own. */
export interface MergedEdge {
  readonly source: string;
  readonly target: string;
  readonly isFailure: boolean;
  /** One line each; a line is empty where a transition has neither event nor guard. */
  readonly labels: readonly string[];
}

function paramsText(params: NamedCall['params']): string {
  if (params === null) return '';
  return params === 'computed' ? '…' : Object.values(params).map(String).join(', ');
}

function eventText({ kind, event }: ChartEdge): string {
  return kind === 'error' ? `${failureMark}${event}` : event;
}

/** The event, and the guard in brackets; guards that differ by their parameters only share them. */
function labelOf(edges: readonly ChartEdge[]): string {
  const [first] = edges;
  if (first === undefined) return '';
  const params = edges
    .map(({ guard }) => paramsText(guard?.params ?? null))
    .filter((t) => t !== '');
  const list = params.length === 0 ? '' : `(${params.join(' | ')})`;
  const guard = first.guard === null ? '' : `[${first.guard.name}${list}]`;
  return [eventText(first), guard].filter((text) => text !== '').join(' ');
}

/** The label of one transition. */
export function edgeLabel(edge: ChartEdge): string {
  return labelOf([edge]);
}

/** Draws one arrow where several transitions lead from one state to another, and one for failures. */
export function mergeEdges(edges: readonly ChartEdge[]): MergedEdge[] {
  const pairs = edges.flatMap((edge) => edge.targets.map((target) => ({ edge, target })));
  const arrows = Map.groupBy(pairs, ({ edge, target }) =>
    [edge.source, target, edge.kind === 'error'].join(),
  );
  return [...arrows.values()].flatMap((arrow) => {
    const [first] = arrow;
    if (first === undefined) return [];
    const lines = Map.groupBy(arrow, ({ edge }) => `${edge.event} ${edge.guard?.name ?? ''}`);
    const labels = [...lines.values()]
      .map((line) => labelOf(line.map(({ edge }) => edge)))
      .filter((label) => label !== '');
    const isFailure = first.edge.kind === 'error';
    return [{ source: first.edge.source, target: first.target, isFailure, labels }];
  });
}
