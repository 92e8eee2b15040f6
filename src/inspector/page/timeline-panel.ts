import type { Charts } from './charts.ts';
import { isResting, tagsAt } from './charts.ts';
import { el, rebuilder } from './dom.ts';
import type { Panel, Picture } from './picture.ts';
import { beganAtMs, momentOf, shownAtMs } from './picture.ts';
import type { Span, StateSpan } from './spans.ts';
import { downtimes, spansWhere, stateSpans } from './spans.ts';
import { offset, span } from './words.ts';

/** Every stay in one state. */
interface Row {
  readonly label: string;
  readonly spans: readonly StateSpan[];
}

interface Drawn {
  readonly rows: readonly Row[];
  readonly marks: readonly { readonly kind: 'down' | 'frozen'; readonly span: Span }[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long every state lasted, with when the guest stood still. */
export function timelinePanel(): Panel {
  const legend = el('ul', { class: 'legend' });
  const rows = el('ol', { class: 'timeline' });
  const cursor = el('div', { class: 'cursor', 'aria-hidden': 'true' });
  const showLegend = rebuilder(legend, legendOf);
  const showRows = rebuilder(rows, rowsOf);
  return {
    element: el('div', {}, legend, el('div', { class: 'plot' }, rows, cursor)),
    show: (picture) => {
      if (picture.moments.some(({ step }) => !picture.charts.has(step.machine))) return;
      const drawn = drawnOf(picture);
      showLegend(drawn);
      showRows(drawn);
      const { fromMs, toMs } = drawn;
      const atMs = picture.isLive ? toMs : (momentOf(picture)?.step.at ?? toMs);
      cursor.style.setProperty('--at', String((atMs - fromMs) / (toMs - fromMs)));
    },
  };
}

/** So a run that goes on is not drawn anew for every millisecond. */
const grainMs = 200;

function drawnOf(picture: Picture): Drawn {
  const { charts, moments } = picture;
  const fromMs = beganAtMs(picture);
  const lastMs = moments.at(-1)?.step.at ?? fromMs;
  const nowMs = Math.ceil(shownAtMs({ ...picture, at: moments.length - 1 }) / grainMs) * grainMs;
  const isOver = [...(moments.at(-1)?.members.values() ?? [])].every((one) => one.isOver);
  const toMs = Math.max(isOver ? lastMs : Math.max(lastMs, nowMs), fromMs + 1);
  return {
    rows: toRows(stateSpans(moments), charts),
    marks: [
      ...downtimes(moments, charts).map((one) => ({ kind: 'down' as const, span: one })),
      ...spansWhere(moments, (moment) => tagsAt(moment, charts).has('guestFrozen')).map((one) => {
        return { kind: 'frozen' as const, span: one };
      }),
    ],
    fromMs,
    toMs,
  };
}

/** A row for each state, in the order in which they were first entered; what rests is left out. */
function toRows(spans: readonly StateSpan[], charts: Charts): Row[] {
  const told = spans.filter(({ machine, path }) => !isResting(path, charts.get(machine)));
  const byState = Map.groupBy(told, ({ path, run }) => `${run} ${path}`);
  return [...byState.values()].map((those) => {
    const [{ machine, path } = { machine: '', path: '' }] = those;
    const region = charts.get(machine)?.region(path) ?? '';
    return { label: region === '' ? path : path.slice(region.length + 1), spans: those };
  });
}

const markWords = {
  down: 'The guest stood still',
  frozen: 'Its file systems were frozen',
} as const;

function legendOf({ fromMs, marks, toMs }: Drawn): Node[] {
  if (marks.length === 0) return [el('li', { class: 'quiet' }, 'The guest never stood still.')];
  return marks.map(({ kind, span: one }) => {
    const words = `${markWords[kind]} for ${lasted([one], toMs)}`;
    return el('li', { 'data-kind': kind }, `${words}, from ${offset(one.fromMs - fromMs)}`);
  });
}

function rowsOf({ fromMs, marks, rows, toMs }: Drawn): Node[] {
  const share = (ms: number): number => (ms - fromMs) / (toMs - fromMs);
  const place = (element: HTMLElement, one: Span): HTMLElement => {
    const endMs = one.toMs ?? toMs;
    // What lasted no time at the end is seen, too.
    element.style.left = `min(${share(one.fromMs) * 100}%, 100% - 3px)`;
    element.style.width = `${Math.max(0, share(endMs) - share(one.fromMs)) * 100}%`;
    return element;
  };
  return rows.map(({ label, spans }) => {
    const bars = spans.map((one) => {
      const words = `${one.path}, from ${offset(one.fromMs - fromMs)} for ${lasted([one], toMs)}`;
      const bar = el('span', { class: 'stay', title: words, 'data-path': one.path });
      bar.append(el('span', { class: 'unseen' }, words));
      return place(bar, one);
    });
    const shades = marks.map(({ kind, span: one }) =>
      place(el('span', { class: `shade ${kind}`, 'aria-hidden': 'true' }), one),
    );
    return el(
      'li',
      {},
      el('span', { class: 'label' }, label),
      el('span', { class: 'lasted' }, lasted(spans, toMs)),
      el('span', { class: 'track' }, ...shades, ...bars),
    );
  });
}

function lasted(spans: readonly Span[], nowMs: number): string {
  const allMs = spans.reduce((sum, one) => sum + (one.toMs ?? nowMs) - one.fromMs, 0);
  return `${span(allMs)}${spans.some(({ toMs }) => toMs === null) ? ' so far' : ''}`;
}
