import { textStyles } from './text-size.ts';

/** Colours by selector: what is filled, and what is drawn around it. */
type Palette = Readonly<Record<string, { readonly fill?: string; readonly stroke?: string }>>;

const light: Palette = {
  '.paper': { fill: '#ffffff' },
  text: { fill: '#1f2328' },
  '.description,.phase': { fill: '#59636e' },
  '.call': { fill: '#0550ae' },
  '.box': { fill: '#f6f8fa', stroke: '#8c959f' },
  '.frame>.box': { stroke: '#afb8c1' },
  '.line': { stroke: '#6e7781' },
  '.head,.dot': { fill: '#6e7781' },
  '.failure>.line': { stroke: '#cf222e' },
  '.failure>.head,.failure>text,.failedJump': { fill: '#cf222e' },
  '.good>.box': { fill: '#dafbe1', stroke: '#1a7f37' },
  '.bad>.box': { fill: '#ffebe9', stroke: '#cf222e' },
  '.asBefore>.box': { fill: '#eaeef2', stroke: '#59636e' },
  '.rollingBack>.box': { fill: '#fff3d6', stroke: '#9a6700' },
  '.pointOfNoReturn>.box': { fill: '#ddf4ff', stroke: '#0969da' },
};

const dark: Palette = {
  '.paper': { fill: '#0d1117' },
  text: { fill: '#e6edf3' },
  '.description,.phase': { fill: '#a8b1bb' },
  '.call': { fill: '#79c0ff' },
  '.box': { fill: '#1a2029', stroke: '#6e7681' },
  '.frame>.box': { stroke: '#4b535d' },
  '.line': { stroke: '#8b949e' },
  '.head,.dot': { fill: '#8b949e' },
  '.failure>.line': { stroke: '#ff7b72' },
  '.failure>.head,.failure>text,.failedJump': { fill: '#ff7b72' },
  '.good>.box': { fill: '#12291c', stroke: '#3fb950' },
  '.bad>.box': { fill: '#3a1619', stroke: '#f85149' },
  '.asBefore>.box': { fill: '#262c35', stroke: '#9198a1' },
  '.rollingBack>.box': { fill: '#33270f', stroke: '#d29922' },
  '.pointOfNoReturn>.box': { fill: '#0c2d4d', stroke: '#58a6ff' },
};

/** Dark enough for white letters on either page. */
const chips: Palette = {
  '.chip>text': { fill: '#ffffff' },
  '.chip.pointOfNoReturn>rect': { fill: '#0969da' },
  '.chip.guestPaused>rect': { fill: '#8250df' },
  '.chip.guestFrozen>rect': { fill: '#13717a' },
  '.chip.rollingBack>rect': { fill: '#8a5a00' },
  '.chip.waitingForOperator>rect': { fill: '#b3261e' },
  '.chip.awaitingConfirmation>rect': { fill: '#b02a78' },
};

const shapes = [
  ['text', `font:${textStyles.words.sizePx}px ui-sans-serif,system-ui,Helvetica,Arial,sans-serif`],
  [
    '.title,.runs,.call,.stays,.jump,.failedJump,.arrow>text',
    `font:${textStyles.code.sizePx}px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace`,
  ],
  ['.title', `font-size:${textStyles.title.sizePx}px;font-weight:bold`],
  ['.heading', 'font-size:18px;font-weight:bold'],
  ['.chip>text', `font-size:${textStyles.chip.sizePx}px;font-weight:bold`],
  ['.arrow>text', 'text-anchor:middle'],
  ['.line', 'fill:none;stroke-width:1.3'],
  ['.failure>.line', 'stroke-dasharray:5 3'],
  // Several run together on their way: dashes would fill each other's gaps.
  ['.inner>.line', 'stroke-width:2.2;stroke-opacity:.45;stroke-dasharray:none'],
  ['.inner>.head', 'fill-opacity:.6'],
  ['.frame>.box', 'fill:none'],
  ['.region>.box', 'stroke-dasharray:2 3'],
  ['.bad>.box,.pointOfNoReturn>.box', 'stroke-width:2'],
] as const;

/** Every selector holds within a chart only: the page around one has styles of its own. */
function rule(selector: string, declarations: string): string {
  const selectors = selector.split(',').map((one) => `.chart ${one}`);
  return `${selectors.join(',')}{${declarations}}`;
}

function coloured(palette: Palette): string {
  return Object.entries(palette)
    .map(([selector, colours]) => {
      const written = Object.entries(colours).map(([property, colour]) => `${property}:${colour}`);
      return rule(selector, written.join(';'));
    })
    .join('\n');
}

/** The style sheet of a chart, for pages light and dark. Colours are written out: not every viewer knows variables. */
export function chartStyle(): string {
  return [
    '',
    coloured(light),
    ...shapes.map(([selector, declarations]) => rule(selector, declarations)),
    `@media (prefers-color-scheme:dark){\n${coloured(dark)}\n.chart .frame>.box{fill:none}\n}`,
    coloured(chips),
    '',
  ].join('\n');
}
