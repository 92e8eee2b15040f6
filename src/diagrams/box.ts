import type { Jump } from './arrows.ts';
import type { Chart, ChartNode } from './chart.ts';
import { px, textStyles, widthPxOf } from './text-size.ts';
import type { TextStyleName } from './text-size.ts';
import { nameOf, tagsOf, toldOf } from './told.ts';
import type { ToldLine, ToldTag } from './told.ts';
import { wrap } from './wrap.ts';

/** A line of text within a box; its baseline begins at `x`, `y` from the box's upper left corner. */
export interface BoxLine {
  readonly kind: 'title' | ToldLine['kind'];
  readonly text: string;
  /** The state that a jump leads to. */
  readonly target: string | null;
  readonly x: number;
  readonly y: number;
}

/** A tag within a box, from the box's upper left corner. */
export interface Chip extends ToldTag {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is written into a state, and the room that it takes, all in px. */
export interface BoxText {
  readonly width: number;
  readonly height: number;
  readonly lines: readonly BoxLine[];
  readonly chips: readonly Chip[];
}

export const paddingPx = 10;
const chipGapPx = 5;
export const chipPaddingPx = 6;
/** A row of tags may be as wide as this where the text is narrower. */
const chipRowPx = 180;
const hangingPx = 12;
/** Longest lines, in characters: a state is a card, the text of a frame lies along its upper edge. */
const charactersMax = { leaf: 38, frame: 72 } as const;

const styleOf: Readonly<Record<BoxLine['kind'], TextStyleName>> = {
  title: 'title',
  description: 'words',
  phase: 'words',
  runs: 'code',
  call: 'code',
  stays: 'code',
  jump: 'code',
  failedJump: 'code',
};

export function isFrame({ type }: ChartNode): boolean {
  return type === 'compound' || type === 'parallel';
}

/** Lays the tags side by side, on as many rows as they need. */
function placeChips(tags: readonly ToldTag[], widthMax: number, fromY: number): Chip[] {
  const height = textStyles.chip.linePx;
  let x = paddingPx;
  let y = fromY;
  return tags.map((tag) => {
    const width = widthPxOf([tag.words], 'chip') + 2 * chipPaddingPx;
    if (x > paddingPx && x + width > widthMax) {
      x = paddingPx;
      y += height + chipGapPx;
    }
    const chip = { ...tag, x, y, width, height };
    x += width + chipGapPx;
    return chip;
  });
}

type Words = Omit<BoxLine, 'y'>;

function toldJump({ isFailure, text, target }: Jump): ToldLine {
  return { kind: isFailure ? 'failedJump' : 'jump', text, target };
}

function wordsOf(node: ChartNode, told: readonly ToldLine[]): Words[] {
  const longest = charactersMax[isFrame(node) ? 'frame' : 'leaf'];
  const words = told.flatMap(({ kind, text, target = null }) =>
    wrap(text, longest).map((line, at): Words => {
      const hangs = kind !== 'description' && at > 0;
      return { kind, text: line, target, x: paddingPx + (hangs ? hangingPx : 0) };
    }),
  );
  return [{ kind: 'title', text: nameOf(node), target: null, x: paddingPx }, ...words];
}

/** What is written into a state. */
export function boxText(node: ChartNode, chart: Chart, jumps: readonly Jump[]): BoxText {
  const words = wordsOf(node, [...toldOf(node, chart), ...jumps.map(toldJump)]);
  let bottom = paddingPx - 4;
  const lines = words.map((line): BoxLine => {
    const { linePx, sizePx } = textStyles[styleOf[line.kind]];
    // Letters are about 0.7 of their size high.
    const y = px(bottom + (linePx + sizePx * 0.7) / 2);
    bottom += linePx;
    return { ...line, y };
  });
  const widths = words.map(({ kind, text, x }) => x + widthPxOf([text], styleOf[kind]) + paddingPx);
  const widest = Math.max(...widths);
  const chips = placeChips(tagsOf(node), Math.max(widest, chipRowPx), bottom + chipGapPx);
  const edges = {
    right: chips.map((chip) => chip.x + chip.width + paddingPx),
    bottom: chips.map((chip) => chip.y + chip.height),
  };
  const width = Math.max(widest, ...edges.right);
  return { width, height: Math.max(bottom, ...edges.bottom) + paddingPx - 2, lines, chips };
}
