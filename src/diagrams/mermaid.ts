import type { Chart, ChartNode } from './chart.ts';
import { mergeEdges } from './edge-labels.ts';
import { looks } from './looks.ts';
import { escapeText } from './mermaid-text.ts';
import { nameOf, stays, tagsOf, toldOf } from './told.ts';
import { wrap } from './wrap.ts';

const lineWidth = 44;

/** A chart with ids that Mermaid can read: it knows no dots. */
interface Drawing {
  readonly chart: Chart;
  readonly idOf: (stateId: string) => string;
}

/** What is told of a state beside its name. */
function bodyLines(node: ChartNode, { chart }: Drawing): string[] {
  const tags = tagsOf(node).map(({ words }) => `«${words}»`);
  const told = toldOf(node, chart).map(({ kind, text }) =>
    kind === 'call' ? `calls ${text}` : text,
  );
  return [...told.flatMap((text) => wrap(text, lineWidth)), ...tags];
}

function initialLines({ initial }: ChartNode, { idOf }: Drawing): string[] {
  return initial === null ? [] : [`[*] --> ${idOf(initial)}`];
}

function leafLines(node: ChartNode, drawing: Drawing): string[] {
  const id = drawing.idOf(node.id);
  return [
    `state "${escapeText(nameOf(node))}" as ${id}`,
    ...bodyLines(node, drawing).map((line) => `${id} : ${escapeText(line)}`),
    ...(node.type === 'final' ? [`${id} --> [*]`] : []),
  ];
}

/** Mermaid cannot write into a frame with states inside: what is told of it goes into comments. */
function frameLines(node: ChartNode, drawing: Drawing): string[] {
  const inside = drawing.chart.nodes
    .filter(({ parent }) => parent === node.id)
    .flatMap((child, index) => [
      ...(node.type === 'parallel' && index > 0 ? ['--'] : []),
      ...stateLines(child, drawing),
    ]);
  return [
    ...bodyLines(node, drawing).map((line) => `%% ${line}`),
    `state "${escapeText(nameOf(node))}" as ${drawing.idOf(node.id)} {`,
    ...indent([...initialLines(node, drawing), ...inside]),
    '}',
  ];
}

function stateLines(node: ChartNode, drawing: Drawing): string[] {
  const isFrame = node.type === 'compound' || node.type === 'parallel';
  return isFrame ? frameLines(node, drawing) : leafLines(node, drawing);
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function edgeLines({ chart, idOf }: Drawing): string[] {
  const moving = chart.edges.filter((edge) => !stays(edge));
  return mergeEdges(moving).map(({ source, target, labels }) => {
    const lines = labels.flatMap((label) => wrap(label, lineWidth));
    const label = lines.length === 0 ? '' : ` : ${lines.map(escapeText).join('<br/>')}`;
    return `${idOf(source)} --> ${idOf(target)}${label}`;
  });
}

function lookLines({ chart, idOf }: Drawing): string[] {
  const leaves = chart.nodes.filter(({ type }) => type === 'atomic' || type === 'final');
  const byLook = Map.groupBy(leaves, (node) => looks.find(({ fits }) => fits(node)));
  return looks.flatMap((look) => {
    const ids = byLook.get(look)?.map(({ id }) => idOf(id)) ?? [];
    if (ids.length === 0) return [];
    return [`classDef ${look.name} ${look.style}`, `class ${ids.join(',')} ${look.name}`];
  });
}

/** A chart as a Mermaid state diagram, which code hosts draw. */
export function toMermaid(chart: Chart): string {
  const ids = new Map(chart.nodes.map(({ id, path }) => [id, path.join('_')]));
  const drawing: Drawing = { chart, idOf: (stateId) => ids.get(stateId) ?? stateId };
  const root = chart.nodes.filter(({ parent }) => parent === null);
  const top = chart.nodes.filter(({ parent }) => parent === chart.id);
  return [
    `%% ${chart.id}, version ${chart.version}: ${chart.description}`,
    'stateDiagram-v2',
    ...indent([
      ...root.flatMap((node) => initialLines(node, drawing)),
      ...top.flatMap((node) => stateLines(node, drawing)),
      ...edgeLines(drawing),
      ...lookLines(drawing),
    ]),
    '',
  ].join('\n');
}
