import { standing } from './charts.ts';
import { el, rebuilder, say } from './dom.ts';
import type { Panel, Picture } from './picture.ts';
import { momentOf, shownAtMs } from './picture.ts';
import { driverOf, sinceWords, standingOf } from './run-words.ts';
import type { Span } from './spans.ts';
import { downtimes } from './spans.ts';
import type { Moment } from './story.ts';
import { moment, plain, span } from './words.ts';
import type { RunDetails } from './wire.ts';

/** What the run is, where it stands, and what to do where it stands still. */
export function headPanel(run: string): Panel {
  const title = el('h1', { tabindex: -1 }, run);
  const mark = el('span', { class: 'mark' });
  const state = el('p', { class: 'state', role: 'status' });
  const facts = el('dl', { class: 'facts' });
  const more = el('dl', { class: 'facts' });
  const notes = el('div', { class: 'notes' });
  const showFacts = rebuilder(facts, factsOf);
  const stillWords = tellStill();
  const showMore = rebuilder(more, moreOf);
  const showNotes = rebuilder(notes, notesOf);
  return {
    element: el(
      'header',
      { class: 'head' },
      el('p', {}, el('a', { href: '#/runs' }, 'Runs'), ' / ', el('code', {}, run)),
      el('div', { class: 'line' }, title, mark),
      state,
      notes,
      facts,
      el('details', {}, el('summary', {}, 'What was asked, holds and made'), more),
    ),
    show: (picture) => {
      const { details, nowMs } = picture;
      say(state, stateWords(picture));
      if (details === null) return;
      say(title, `${details.domain ?? run} · ${details.machine}`);
      const { kind, words } = standingOf(details);
      mark.dataset['kind'] = kind;
      say(mark, words);
      showFacts([
        ...placesOf(details),
        ['since', sinceWords(details, nowMs)],
        ...stillWords(picture),
        ...(details.finishedAt === null ? [['driven by', driverOf(details)] as const] : []),
      ]);
      showMore(details);
      showNotes(details);
    },
  };
}

/** What a screen reader is told whenever it changes. */
function stateWords(picture: Picture): string {
  const shown = momentOf(picture);
  if (shown === null) return 'Nothing of it is known yet.';
  const places = standing(shown, picture.charts);
  const words = places.map(({ machine, path }) => {
    const description = picture.charts.get(machine)?.description(path) ?? '';
    return `${path.split('.').slice(-2).join('.')}${description === '' ? '' : `: ${description}`}`;
  });
  return words.slice(0, 3).join(' · ');
}

type Facts = readonly (readonly [name: string, value: string])[];

/** Where it is done, as it was asked. */
function placesOf({ asked }: RunDetails): Facts {
  return ['from', 'to', 'on'].flatMap((name) => {
    const place = asked?.[name];
    return typeof place === 'string' ? [[name, place] as const] : [];
  });
}

/** How long the guest stood still, where it did; looked for again only after another step. */
function tellStill(): (picture: Picture) => Facts {
  let known: { readonly last: Moment | undefined; readonly spans: readonly Span[] } | null = null;
  return (picture) => {
    const { charts, moments } = picture;
    if (moments.some(({ step }) => !charts.has(step.machine))) return [];
    const last = moments.at(-1);
    if (known === null || known.last !== last) known = { last, spans: downtimes(moments, charts) };
    const { spans } = known;
    if (spans.length === 0) return [];
    const nowMs = shownAtMs({ ...picture, at: moments.length - 1, isLive: true });
    const stillMs = spans.reduce((sum, { fromMs, toMs }) => sum + (toMs ?? nowMs) - fromMs, 0);
    const isStill = spans.some(({ toMs }) => toMs === null);
    return [['the guest stood still', `for ${span(stillMs)}${isStill ? ' so far' : ''}`]];
  };
}

function factsOf(facts: Facts): Node[] {
  return facts.map(([name, value]) =>
    el('div', {}, el('dt', {}, plain(name)), el('dd', {}, value)),
  );
}

function moreOf({ artefacts, asked, locks, version }: RunDetails): Node[] {
  return factsOf([
    ...Object.entries(asked ?? {}).map(([name, value]) => [name, inWords(value)] as const),
    ...locks.map((name) => ['holds', name] as const),
    ...artefacts.map(({ host, kind, path, status }) => {
      return [`${kind}, ${status}`, `${path} on ${host}`] as const;
    }),
    ['version of its machine', version],
  ]);
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function notesOf({ failure, nextSteps, parked }: RunDetails): Node[] {
  const notes: Node[] = [];
  if (failure !== null)
    notes.push(el('p', { class: 'bad' }, `Because: ${failure.message} (${failure.code})`));
  if (parked !== null)
    notes.push(el('p', { class: 'bad' }, `Parked ${moment(parked.at)}: ${parked.failure.message}`));
  if (nextSteps.length > 0)
    notes.push(el('ul', { class: 'next' }, ...nextSteps.map((step) => el('li', {}, step))));
  return notes;
}
