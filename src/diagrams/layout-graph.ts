import type { ElkExtendedEdge, ElkNode, ElkPort } from 'elkjs';
import { arrowsOf } from './arrows.ts';
import type { Arrow } from './arrows.ts';
import { boxText, isFrame } from './box.ts';
import type { BoxText } from './box.ts';
import type { Chart, ChartNode } from './chart.ts';
import { textStyles, widthPxOf } from './text-size.ts';

/** A chart as the graph that is laid out, and what its elements stand for. */
export interface ChartGraph {
  readonly root: ElkNode;
  readonly texts: ReadonlyMap<string, BoxText>;
  readonly arrows: ReadonlyMap<string, Arrow>;
  /** Ids of the dots from which the arrows to first states come. */
  readonly dots: ReadonlySet<string>;
}

const dotPx = 10;
const headingPx = 64;

// https://eclipse.dev/elk/reference/options.html
const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  // As the machine's file tells it, from the first state down.
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  // Words stand where an arrow begins: what makes a state go on is read beside it.
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'TAIL_LAYER',
  'elk.aspectRatio': '1.6',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.componentComponent': '28',
  'elk.layered.spacing.nodeNodeBetweenLayers': '30',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
} as const;

const wholeOptions = {
  ...options,
  // All places from the page's corner, not from that of the frame around.
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.padding': `[top=${headingPx},left=20,bottom=20,right=20]`,
} as const;

function frameOptions({ width, height }: BoxText): Record<string, string> {
  return {
    ...options,
    'elk.padding': `[top=${height + 12},left=16,bottom=16,right=16]`,
    'elk.nodeSize.constraints': 'MINIMUM_SIZE',
    'elk.nodeSize.minimum': `(${width}, ${height})`,
  };
}

function dotOf({ id }: ChartNode): string {
  return `first of ${id}`;
}

function labelOf({ labels }: Arrow): NonNullable<ElkExtendedEdge['labels']> {
  if (labels.length === 0) return [];
  const width = widthPxOf(labels, 'label') + 6;
  const height = labels.length * textStyles.label.linePx + 4;
  // On its own line, so that nobody takes it for a neighbour's.
  const layoutOptions = { 'elk.edgeLabels.inline': 'true' };
  return [{ text: labels.join('\n'), width, height, layoutOptions }];
}

function portInto({ to, isFailure }: Arrow): string {
  return `${isFailure ? 'failing' : 'going'} into ${to}`;
}

/** Lines without words of their own may become one before they arrive. */
function edgeOf(id: string, arrow: Arrow): ElkExtendedEdge {
  const to = arrow.kind === 'inner' ? portInto(arrow) : arrow.to;
  return { id, sources: [arrow.from], targets: [to], labels: labelOf(arrow) };
}

/** The graph of a chart: boxes with the room that their text needs, and arrows with theirs. */
export function toGraph(chart: Chart): ChartGraph {
  const { lines, jumps } = arrowsOf(chart);
  const texts = new Map(
    chart.nodes.map((node) => [node.id, boxText(node, chart, jumps.get(node.id) ?? [])]),
  );
  const firsts = chart.nodes.flatMap((node) => firstOf(node));
  const arrows = new Map([...firsts, ...lines].map((arrow, at) => [`arrow ${at}`, arrow]));
  const portsOf = ({ id }: ChartNode): ElkPort[] => {
    const joining = lines.filter(({ kind, to }) => kind === 'inner' && to === id);
    return [...new Set(joining.map(portInto))].map((port) => ({ id: port, width: 0, height: 0 }));
  };
  const within = (parent: ChartNode): Pick<ElkNode, 'children' | 'edges'> => {
    const children = chart.nodes.filter((node) => node.parent === parent.id);
    const ids = new Set(children.map(({ id }) => id));
    const dot = { id: dotOf(parent), width: dotPx, height: dotPx };
    return {
      children: [...(parent.initial === null ? [] : [dot]), ...children.map(nodeOf)],
      edges: [...arrows].filter(([, { to }]) => ids.has(to)).map(([id, one]) => edgeOf(id, one)),
    };
  };
  const nodeOf = (node: ChartNode): ElkNode => {
    const text = texts.get(node.id) ?? boxText(node, chart, []);
    const ports = portsOf(node);
    if (!isFrame(node)) return { id: node.id, width: text.width, height: text.height, ports };
    return { id: node.id, layoutOptions: frameOptions(text), ports, ...within(node) };
  };
  const whole = chart.nodes.find(({ parent }) => parent === null);
  const inside = whole === undefined ? {} : within(whole);
  const root = { id: chart.id, layoutOptions: wholeOptions, ...inside };
  return { root, texts, arrows, dots: new Set(firsts.map(({ from }) => from)) };
}

/** The arrow to the state that is entered first. */
function firstOf(node: ChartNode): Arrow[] {
  if (node.initial === null) return [];
  const ends = { from: dotOf(node), to: node.initial, source: node.id, target: node.initial };
  return [{ ...ends, isFailure: false, kind: 'first', labels: [] }];
}
