import type { Chart, ChartNode } from './chart.ts';
import { mergeEdges } from './edge-labels.ts';
import type { MergedEdge } from './edge-labels.ts';
import { stays } from './told.ts';
import { wrap } from './wrap.ts';

/** An arrow between two states that lie in the same frame. */
export interface Arrow {
  /** Where the line begins and ends. */
  readonly from: string;
  readonly to: string;
  /** The states that its transitions leave and enter: those, or states within them. */
  readonly source: string;
  readonly target: string;
  readonly isFailure: boolean;
  /** `inner`: the words are told by a jump inside of `from`; `first`: to the state that is entered first. */
  readonly kind: 'transition' | 'inner' | 'first';
  readonly labels: readonly string[];
}

/** A transition that leaves the frame of its state: told within the state, as no eye follows its line. */
export interface Jump {
  readonly target: string;
  readonly isFailure: boolean;
  /** The event, the guard, and where to. */
  readonly text: string;
}

/** What is drawn as lines, and what is told in words, by the state that it leaves. */
export interface Arrows {
  readonly lines: readonly Arrow[];
  readonly jumps: ReadonlyMap<string, readonly Jump[]>;
}

const labelWidth = 30;
/** Words of this length get wider lines instead of more of them. */
const longLabel = 5 * labelWidth;
const wideLabelWidth = 60;
const linesIntoMax = 6;

/** From the machine down to the state itself. */
function lineage(id: string, nodes: ReadonlyMap<string, ChartNode>): string[] {
  const node = nodes.get(id);
  return node === undefined ? [] : [...lineage(node.parent ?? '', nodes), id];
}

interface Course {
  readonly from: string | null;
  readonly to: string | null;
  readonly isSourceDeep: boolean;
  readonly targetName: string;
  readonly isTargetDeep: boolean;
}

/** Where an arrow runs: between the two neighbours that hold its ends; nowhere when one end holds the other. */
function courseOf(edge: MergedEdge, nodes: ReadonlyMap<string, ChartNode>): Course {
  const source = lineage(edge.source, nodes);
  const target = lineage(edge.target, nodes);
  const parting = source.findIndex((id, at) => id !== target[at]);
  const shared = parting === -1 ? source.length : parting;
  const path = nodes.get(edge.target)?.path ?? [];
  // The lineage begins with the machine, the path below it.
  const named = path.slice(Math.min(shared, target.length) - 1);
  const isWithin = shared === source.length || shared === target.length;
  return {
    from: isWithin ? null : (source[shared] ?? null),
    to: isWithin ? null : (target[shared] ?? null),
    isSourceDeep: source.length > shared + 1,
    isTargetDeep: target.length > shared + 1,
    targetName: named.length === 0 ? (path.at(-1) ?? edge.target) : named.join('.'),
  };
}

function jumpsOf(edge: MergedEdge, targetName: string): Jump[] {
  const { target, isFailure, labels } = edge;
  const told = labels.length === 0 ? [''] : labels;
  return told.map((label) => ({ target, isFailure, text: `${label} → ${targetName}`.trim() }));
}

function lineOf(edge: MergedEdge, { from, to, isTargetDeep, targetName }: Course): Arrow | null {
  if (from === null || to === null) return null;
  const { source, target, isFailure } = edge;
  const entered = isTargetDeep ? [`→ ${targetName}`] : [];
  const labels = [...edge.labels, ...entered];
  return { from, to, source, target, isFailure, kind: 'transition', labels };
}

/** One line without words for all jumps from within one state to another or into it. */
function innerLine(edge: MergedEdge, { from, to }: Course): Arrow | null {
  if (from === null || to === null) return null;
  const { isFailure } = edge;
  return { from, to, source: from, target: to, isFailure, kind: 'inner', labels: [] };
}

function between({ from, to }: Arrow): string {
  return `${from} ${to}`;
}

/** The inner lines that add something: one for each pair, none beside a line of the pair's own. */
function bundled(inner: readonly Arrow[], own: readonly Arrow[]): Arrow[] {
  const told = new Set(own.map(between));
  const pairs = Map.groupBy(inner, between);
  return [...pairs].flatMap(([pair, arrows]) => {
    const [first] = arrows;
    if (first === undefined || told.has(pair)) return [];
    return [{ ...first, isFailure: arrows.every(({ isFailure }) => isFailure) }];
  });
}

function widthFor(edge: MergedEdge): number {
  return edge.labels.join(' ').length > longLabel ? wideLabelWidth : labelWidth;
}

interface Run {
  readonly edge: MergedEdge;
  readonly course: Course;
}

/** States into which more lines would lead than an eye can tell apart. */
function hubsOf(runs: readonly Run[]): ReadonlySet<string> {
  const counted = Map.groupBy(runs, ({ course }) => course.to);
  const crowded = [...counted].filter(([, those]) => those.length > linesIntoMax);
  return new Set(crowded.flatMap(([to]) => to ?? []));
}

/**
 * Decides what is drawn as a line: what stays within a frame. What leaves one, and what is one of many
 * into the same state, is told in the state that it leaves.
 */
export function arrowsOf(chart: Chart): Arrows {
  const nodes = new Map(chart.nodes.map((node) => [node.id, node]));
  const moving = chart.edges.filter((edge) => !stays(edge));
  const runs = mergeEdges(moving).map((edge): Run => ({ edge, course: courseOf(edge, nodes) }));
  const near = runs.filter(({ course }) => course.to !== null && !course.isSourceDeep);
  const hubs = hubsOf(near);
  const own = near.filter(({ course }) => !hubs.has(course.to ?? ''));
  const jumping = runs.filter((run) => !own.includes(run));
  const lines = own.flatMap(({ edge, course }) => {
    const labels = edge.labels.flatMap((label) => wrap(label, widthFor(edge)));
    return lineOf({ ...edge, labels }, course) ?? [];
  });
  const inner = jumping.flatMap(({ edge, course }) => innerLine(edge, course) ?? []);
  const bySource = Map.groupBy(jumping, ({ edge }) => edge.source);
  const jumps = [...bySource].map(([source, those]): [string, Jump[]] => [
    source,
    those.flatMap(({ edge, course }) => jumpsOf(edge, course.targetName)),
  ]);
  return { lines: [...lines, ...bundled(inner, lines)], jumps: new Map(jumps) };
}
