import type { Chart, ChartNode } from './chart.ts';

/** By the first tag that speaks for what an abort would do in a state. */
const byTag: readonly (readonly [tag: string, words: string])[] = [
  ['waitingForOperator', 'nothing by the run: somebody has to look'],
  ['awaitingConfirmation', 'everything, on request: the run waits for that decision'],
  ['rollingBack', 'it is being undone already'],
  ['pointOfNoReturn', 'nothing any more: from here it goes forward, or asks'],
  ['abortable', 'everything: an abort leaves the guest as it was'],
];

const byOutcome: Readonly<Record<string, string>> = {
  completed: 'nothing: it is done',
  refused: 'nothing: nothing was touched',
  rolledBack: 'nothing: everything was undone',
  needsOperator: 'nothing by the run: somebody has to look',
};

/** The states around one, from the nearest, and not the state itself. */
export function framesOf(node: ChartNode, nodes: ReadonlyMap<string, ChartNode>): ChartNode[] {
  const frame = nodes.get(node.parent ?? '');
  return frame === undefined ? [] : [frame, ...framesOf(frame, nodes)];
}

/**
 * What can be undone while a state is active, in words. Null for a frame that leaves it to the states
 * in it.
 */
export function undoingOf(node: ChartNode, chart: Chart): string | null {
  const nodes = new Map(chart.nodes.map((each) => [each.id, each]));
  const active = [node, ...framesOf(node, nodes)];
  if (node.type === 'final' && node.path.length === 1)
    return byOutcome[node.path[0] ?? ''] ?? 'nothing: it has ended';
  const tags = new Set(active.flatMap((each) => each.tags));
  const found = byTag.find(([tag]) => tags.has(tag));
  if (found !== undefined) return found[1];
  if (node.type === 'compound' || node.type === 'parallel') return null;
  const ids = new Set(active.map(({ id }) => id));
  const isHeard = chart.edges.some(
    ({ event, source }) => ids.has(source) && event === 'abort.requested',
  );
  if (isHeard) return 'an abort is noted, and heeded when this is over';
  return active.some(({ type }) => type === 'parallel')
    ? 'the states of the other regions say so'
    : 'what is found here decides; an abort is not taken';
}
