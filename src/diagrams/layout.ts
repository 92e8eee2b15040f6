import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import type { Arrow } from './arrows.ts';
import { isFrame } from './box.ts';
import type { BoxText } from './box.ts';
import type { Chart, ChartNode } from './chart.ts';
import { toGraph } from './layout-graph.ts';
import type { ChartGraph } from './layout-graph.ts';
import { px } from './text-size.ts';

/** A place on the page, in px from its upper left corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A state in its place; frames come before what lies in them. */
export interface PlacedState extends Rectangle {
  readonly node: ChartNode;
  readonly text: BoxText;
  readonly isFrame: boolean;
}

/** An arrow in its place. */
export interface PlacedArrow extends Arrow {
  readonly points: readonly Point[];
  /** Where its words are; null where it has none. */
  readonly labelAt: Rectangle | null;
}

/** A chart with a place for everything in it. Plain data: it can be drawn anywhere. */
export interface Layout {
  readonly chart: Chart;
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  /** The dots from which the arrows to first states come. */
  readonly dots: readonly Rectangle[];
  readonly arrows: readonly PlacedArrow[];
}

function rectangleOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x: px(x), y: px(y), width: px(width), height: px(height) };
}

function nodesWithin(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesWithin)];
}

function edgesWithin(node: ElkNode): ElkExtendedEdge[] {
  return nodesWithin(node).flatMap(({ edges }) => edges ?? []);
}

function pointsOf({ sections }: ElkExtendedEdge): Point[] {
  return (sections ?? [])
    .flatMap(({ startPoint, bendPoints, endPoint }) => [
      startPoint,
      ...(bendPoints ?? []),
      endPoint,
    ])
    .map(({ x, y }) => ({ x: px(x), y: px(y) }));
}

function placeArrows(laid: ElkNode, { arrows }: ChartGraph): PlacedArrow[] {
  const byId = new Map(edgesWithin(laid).map((edge) => [edge.id, edge]));
  return [...arrows].flatMap(([id, arrow]) => {
    const edge = byId.get(id);
    if (edge === undefined) return [];
    const label = edge.labels?.[0];
    const labelAt = label === undefined ? null : rectangleOf(label);
    return [{ ...arrow, points: pointsOf(edge), labelAt }];
  });
}

/** Gives every state and every arrow of a chart its place: the same places for the same chart. */
export async function layoutChart(chart: Chart): Promise<Layout> {
  const graph = toGraph(chart);
  // Large, and needed by pictures only.
  const { default: elkjs } = await import('elkjs');
  const elk = new elkjs.default({ algorithms: ['layered'] });
  const laid = await elk.layout(graph.root);
  const placed = nodesWithin(laid);
  const byId = new Map(placed.map((node) => [node.id, node]));
  const states = chart.nodes.flatMap((node) => {
    const place = byId.get(node.id);
    const text = graph.texts.get(node.id);
    if (place === undefined || text === undefined || node.parent === null) return [];
    return [{ ...rectangleOf(place), node, text, isFrame: isFrame(node) }];
  });
  return {
    chart,
    width: Math.ceil(laid.width ?? 0),
    height: Math.ceil(laid.height ?? 0),
    states,
    dots: placed.filter(({ id }) => graph.dots.has(id)).map(rectangleOf),
    arrows: placeArrows(laid, graph),
  };
}
