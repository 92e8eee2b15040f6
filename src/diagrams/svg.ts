import { chipPaddingPx } from './box.ts';
import type { Chip } from './box.ts';
import type { Layout, PlacedArrow, PlacedState, Point, Rectangle } from './layout.ts';
import { looks } from './looks.ts';
import { chartStyle } from './svg-style.ts';
import { px, textStyles } from './text-size.ts';
import { element, lines, text } from './xml.ts';
import type { Markup } from './xml.ts';

const headPx = 7;

function box({ width, height }: Rectangle, inset: number): Markup {
  return element('rect', {
    class: 'box',
    x: inset === 0 ? null : inset,
    y: inset === 0 ? null : inset,
    width: px(width - 2 * inset),
    height: px(height - 2 * inset),
    rx: 6 - inset / 2,
  });
}

function chip({ tag, words, x, y, width, height }: Chip): Markup {
  const baseline = px(y + (height + textStyles.chip.sizePx * 0.7) / 2);
  return element(
    'g',
    { class: `chip ${tag}` },
    element('rect', { x, y, width, height, rx: 4 }),
    element('text', { x: x + chipPaddingPx, y: baseline }, text(words)),
  );
}

function textIn({ text: { lines: told, chips } }: PlacedState): Markup[] {
  const words = told.map((line) =>
    element(
      'text',
      { class: line.kind, x: line.x, y: line.y, 'data-to': line.target },
      text(line.text),
    ),
  );
  return [...words, ...chips.map(chip)];
}

function lookOf({ node, isFrame }: PlacedState): string {
  return isFrame ? '' : (looks.find(({ fits }) => fits(node))?.name ?? '');
}

/** A frame's border lies below the arrows into it, its text above them. */
function frame(state: PlacedState, isRegion: boolean): Markup {
  const { node, x, y } = state;
  const names = ['state frame', isRegion ? 'region' : ''].filter((name) => name !== '');
  const attributes = { class: names.join(' '), 'data-state': node.id };
  return element('g', { ...attributes, transform: `translate(${x} ${y})` }, box(state, 0));
}

function frameText(state: PlacedState): Markup {
  const { x, y, text: words } = state;
  const behind = { class: 'paper', x: 6, y: 4, width: words.width - 12, height: words.height - 4 };
  return element(
    'g',
    { 'data-text-of': state.node.id, transform: `translate(${x} ${y})` },
    element('rect', behind),
    ...textIn(state),
  );
}

/** A final state has two borders. */
function leaf(state: PlacedState): Markup {
  const { node, x, y } = state;
  const names = ['state', node.type === 'final' ? 'final' : '', lookOf(state)];
  const borders = node.type === 'final' ? [box(state, 0), box(state, 3)] : [box(state, 0)];
  return element(
    'g',
    {
      class: names.filter((name) => name !== '').join(' '),
      'data-state': node.id,
      transform: `translate(${x} ${y})`,
    },
    ...borders,
    ...textIn(state),
  );
}

function lineOf(points: readonly Point[]): string {
  let before: Point | null = null;
  return points
    .map((point) => {
      const step = stepTo(point, before);
      before = point;
      return step;
    })
    .join('');
}

/** Lines go along the axes: one number is enough for most of them. */
function stepTo({ x, y }: Point, before: Point | null): string {
  if (before === null) return `M${x} ${y}`;
  if (before.x === x) return `V${y}`;
  return before.y === y ? `H${x}` : `L${x} ${y}`;
}

/** The head of an arrow, whichever way its last piece points. */
function headOf(points: readonly Point[]): string {
  const tip = points.at(-1) ?? { x: 0, y: 0 };
  const before = points.at(-2) ?? tip;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const along = { x: (tip.x - before.x) / length, y: (tip.y - before.y) / length };
  const corner = (side: number): string => {
    const x = tip.x - along.x * headPx - (along.y * headPx * side) / 2;
    const y = tip.y - along.y * headPx + (along.x * headPx * side) / 2;
    return `L${px(x)} ${px(y)}`;
  };
  return `M${tip.x} ${tip.y}${corner(1)}${corner(-1)}z`;
}

function labelIn({ labels, labelAt }: PlacedArrow): Markup[] {
  if (labelAt === null) return [];
  const { linePx, sizePx } = textStyles.label;
  const middle = px(labelAt.x + labelAt.width / 2);
  const words = labels.map((label, at) => {
    const baseline = px(labelAt.y + 2 + at * linePx + (linePx + sizePx * 0.7) / 2);
    return element('text', { x: middle, y: baseline }, text(label));
  });
  return [element('rect', { class: 'paper', ...labelAt }), ...words];
}

function arrow(placed: PlacedArrow): Markup {
  return element(
    'g',
    {
      class: ['arrow', ...(placed.isFailure ? ['failure'] : []), placed.kind].join(' '),
      'data-from': placed.source,
      'data-to': placed.target,
    },
    element('path', { class: 'line', d: lineOf(placed.points) }),
    element('path', { class: 'head', d: headOf(placed.points) }),
    ...labelIn(placed),
  );
}

function dot({ x, y, width }: Rectangle): Markup {
  const radius = width / 2;
  return element('circle', { class: 'dot', cx: px(x + radius), cy: px(y + radius), r: radius });
}

function heading({ chart }: Layout): Markup[] {
  const version = chart.version === '' ? '' : ` · version ${chart.version}`;
  return [
    element('text', { class: 'heading', x: 20, y: 30 }, text(chart.id)),
    element('text', { x: 20, y: 48 }, text(`${chart.description}${version}`)),
  ];
}

/**
 * Draws a chart in its places. Each state is a `g` with `data-state`, each arrow one with `data-from` and
 * `data-to`: a page lights them by their ids.
 */
export function toSvg(layout: Layout): string {
  const { width, height, states, chart } = layout;
  const parallel = new Set(
    chart.nodes.filter(({ type }) => type === 'parallel').map(({ id }) => id),
  );
  const isRegion = ({ node }: PlacedState): boolean => parallel.has(node.parent ?? '');
  const frames = states.filter((state) => state.isFrame);
  const drawn = [
    element('title', {}, text(`${chart.id}: ${chart.description}`)),
    element('style', {}, text(chartStyle())),
    element('rect', { class: 'paper', width, height }),
    ...heading(layout),
    ...frames.map((state) => frame(state, isRegion(state))),
    ...layout.dots.map(dot),
    ...layout.arrows.map(arrow),
    ...frames.map(frameText),
    ...states.filter((state) => !state.isFrame).map(leaf),
  ];
  const page = { width, height, viewBox: `0 0 ${width} ${height}` };
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', class: 'chart', role: 'img', ...page };
  return `${element('svg', attributes, lines(drawn)).markup}\n`;
}
