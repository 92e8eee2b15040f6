/** Sizes of text without asking a font: widths are those of the widest fonts in use, so that text never overruns. */
export interface TextStyle {
  readonly sizePx: number;
  readonly linePx: number;
  /** Of a character on average; of each where the font is monospaced. */
  readonly characterPx: number;
}

/** Monospaced fonts are 0.6 of their size wide. */
export const textStyles = {
  title: { sizePx: 13, linePx: 18, characterPx: 7.9 },
  words: { sizePx: 11, linePx: 14, characterPx: 6.2 },
  code: { sizePx: 10.5, linePx: 14, characterPx: 6.35 },
  chip: { sizePx: 9.5, linePx: 15, characterPx: 5.9 },
  label: { sizePx: 10.5, linePx: 13, characterPx: 6.35 },
} satisfies Record<string, TextStyle>;

export type TextStyleName = keyof typeof textStyles;

/** The width of the longest line in px. */
export function widthPxOf(lines: readonly string[], style: TextStyleName): number {
  return Math.ceil(
    Math.max(0, ...lines.map(({ length }) => length)) * textStyles[style].characterPx,
  );
}

/** Whole tenths: enough for the eye, and the same text on every machine. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}
