import { isResting } from './charts.ts';
import type { Charts } from './charts.ts';
import { el } from './dom.ts';
import type { Panel } from './picture.ts';
import { beganAtMs } from './picture.ts';
import type { Moment } from './story.ts';
import { offset } from './words.ts';
import type { EnteredState } from './wire.ts';

/** The way so far: each state with when it was entered, each failure, each word of a person. */
export function pathPanel(go: (step: number) => void): Panel {
  const list = el('ol', { class: 'path' });
  const rows: { readonly seq: number; readonly element: HTMLElement }[] = [];
  let known = 0;
  let first: Moment | undefined;
  let current: Element | null = null;
  const add = (moment: Moment, charts: Charts, beganMs: number): void => {
    const isTop = moment.step.run === first?.step.run;
    for (const told of rowsOf(moment, charts, isTop)) {
      const button = el(
        'button',
        { type: 'button', onclick: () => go(moment.step.seq) },
        el('time', {}, offset(told.at - beganMs)),
        told.phase === null ? null : el('span', { class: 'phase' }, told.phase),
        el('span', { class: told.isBad ? 'bad' : '' }, told.name),
        told.words === '' ? null : el('span', { class: 'quiet' }, told.words),
      );
      const element = el('li', { 'data-seq': moment.step.seq }, button);
      rows.push({ seq: moment.step.seq, element });
      list.append(element);
    }
  };
  return {
    element: list,
    show: (picture) => {
      const { at, charts, moments } = picture;
      // Names and descriptions come with the charts.
      if (moments.some(({ step }) => !charts.has(step.machine))) return;
      if (moments[0] !== first) {
        rows.length = 0;
        known = 0;
        list.replaceChildren();
        [first] = moments;
      }
      for (const moment of moments.slice(known)) add(moment, charts, beganAtMs(picture));
      known = moments.length;
      const seq = moments[at]?.step.seq ?? 0;
      const now = rows.findLast((row) => row.seq <= seq)?.element ?? null;
      if (now === current) return;
      current?.removeAttribute('aria-current');
      now?.setAttribute('aria-current', 'step');
      current = now;
      keepInSight(now);
      for (const row of rows) row.element.classList.toggle('later', row.seq > seq);
    },
  };
}

interface Told {
  readonly at: number;
  readonly phase: string | null;
  readonly name: string;
  readonly words: string;
  readonly isBad: boolean;
}

/** Only within what scrolls by itself: the page stays where somebody reads it. */
function keepInSight(row: Element | null): void {
  const panel = row?.closest('[role=tabpanel]') ?? null;
  if (row === null || panel === null) return;
  const [inner, outer] = [row.getBoundingClientRect(), panel.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) panel.scrollTop += inner.bottom - outer.bottom;
  if (inner.top < outer.top) panel.scrollTop -= outer.top - inner.top;
}

function rowsOf({ step }: Moment, charts: Charts, isTop: boolean): Told[] {
  const book = charts.get(step.machine);
  const told: Told[] = [];
  const { at, event, failure, given } = step;
  if (failure !== undefined) {
    const words = `${failure.message} (${failure.code})`;
    told.push({ at, phase: null, name: 'failed', words, isBad: true });
  }
  // Whatever no actor sent, and no timer, a person did; a child hears of it from its parent.
  const isOurs = step.effect !== null || event.startsWith('xstate.') || given['late'] !== undefined;
  if (isTop && !isOurs)
    told.push({ at, phase: null, name: event, words: amountOf(given), isBad: false });
  for (const entered of step.entered) {
    const path = pathOf(entered, step.states);
    if (isResting(path, book)) continue;
    const words = book?.description(path) ?? '';
    told.push({
      at: entered.at,
      phase: phaseOf(entered),
      name: entered.state,
      words,
      isBad: false,
    });
  }
  return told;
}

/** The state with its region around it, as the machine has it. */
function pathOf({ state }: EnteredState, states: readonly string[]): string {
  return states.find((path) => path === state || path.endsWith(`.${state}`)) ?? state;
}

function phaseOf({ evidence, phase }: EnteredState): string | null {
  if (phase === undefined) return null;
  return evidence === undefined ? phase : `${phase} (${evidence})`;
}

function amountOf(given: Readonly<Record<string, unknown>>): string {
  return Object.keys(given).length === 0 ? '' : JSON.stringify(given);
}
