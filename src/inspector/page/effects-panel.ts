import type { Charts } from './charts.ts';
import { callOf } from './charts.ts';
import { el, say } from './dom.ts';
import type { Panel } from './picture.ts';
import { momentOf, shownAtMs } from './picture.ts';
import type { UnderWay } from './story.ts';
import { span } from './words.ts';

/** What is under way outside: each call with what it was told. */
export function effectsPanel(): Panel {
  const none = el('p', { class: 'quiet' }, 'Nothing is under way.');
  const list = el('ul', { class: 'effects' });
  const shown = new Map<string, Item>();
  return {
    element: el('div', {}, none, list),
    show: (picture) => {
      const moment = momentOf(picture);
      // What a call is comes with the charts.
      if (picture.moments.some(({ step }) => !picture.charts.has(step.machine))) return;
      const underWay = moment?.underWay ?? new Map<string, UnderWay>();
      for (const [key, { element }] of shown)
        if (!underWay.has(key)) {
          element.remove();
          shown.delete(key);
        }
      for (const [key, actor] of underWay) {
        const item = shown.get(key) ?? itemOf(actor, picture.charts);
        if (!shown.has(key)) list.append(item.element);
        shown.set(key, item);
        say(item.since, `for ${span(Math.max(0, shownAtMs(picture) - actor.sinceMs))}`);
      }
      none.hidden = underWay.size > 0;
    },
  };
}

interface Item {
  readonly element: HTMLElement;
  readonly since: HTMLElement;
}

function itemOf(actor: UnderWay, charts: Charts): Item {
  const { input, key, machine, src } = actor;
  const call = machine === null ? callOf(actor, charts) : `machine ${machine}`;
  const since = el('span', { class: 'quiet' });
  const element = el(
    'li',
    { 'data-effect': key },
    el('strong', {}, src),
    ' ',
    call === null ? null : el('code', { class: 'call' }, call),
    ' ',
    since,
    el(
      'details',
      {},
      el('summary', {}, 'Arguments'),
      el('pre', {}, JSON.stringify(input ?? null, null, 2)),
    ),
    el('p', { class: 'quiet' }, key),
  );
  return { element, since };
}
