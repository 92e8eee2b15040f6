import { el, say } from './dom.ts';
import type { View } from './main.ts';
import { listPlace, readPlace, runPlace } from './place.ts';
import { driverOf, sinceWords, standingOf, stateWords } from './run-words.ts';
import type { Server } from './server.ts';
import type { Access, RunRow } from './wire.ts';

/** So often a list that somebody looks at is read again. */
const readAgainMs = 1_000;
const rowsMax = 100;

interface Parts {
  readonly server: Server;
  readonly access: Access;
  readonly tell: (why: string | null) => void;
}

/** The runs on record, by what is asked for. */
export function listView({ access, server, tell }: Parts): View {
  const left = new AbortController();
  const rows = new Rows();
  const count = el('p', { role: 'status', class: 'quiet' });
  const older = el('a', { class: 'button', hidden: true }, 'Older runs');
  const element = el(
    'section',
    {},
    el('h1', { tabindex: -1 }, 'Runs'),
    filters(access),
    count,
    el('div', { class: 'scroll' }, rows.table),
    el('p', {}, older),
  );
  let reading = new AbortController();
  const read = async (): Promise<void> => {
    reading.abort();
    reading = new AbortController();
    const signal = AbortSignal.any([left.signal, reading.signal]);
    const asked = filterOf(location.hash);
    try {
      const { next, runs } = await server.runs(query(asked), signal);
      rows.show(runs, Date.now());
      say(count, `${runs.length}${next === null ? '' : ' and more'} shown`);
      older.hidden = next === null;
      const further = new URLSearchParams(asked);
      if (next !== null) further.set('before', next);
      older.setAttribute('href', listPlace(further));
      tell(null);
    } catch (error) {
      if (!signal.aborted) tell(error instanceof Error ? error.message : String(error));
    }
  };
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void read();
  }, readAgainMs);
  void read();
  return {
    title: 'Runs',
    element,
    moved: () => void read(),
    leave: () => {
      clearInterval(timer);
      left.abort();
    },
  };
}

function filterOf(hash: string): URLSearchParams {
  const place = readPlace(hash);
  return place.page === 'list' ? place.filter : new URLSearchParams();
}

const known = ['status', 'machine', 'outcome', 'domain', 'before'];

function query(asked: URLSearchParams): URLSearchParams {
  const wanted = new URLSearchParams({ limit: String(rowsMax) });
  for (const name of known) {
    const value = asked.get(name) ?? '';
    if (value !== '') wanted.set(name, value);
  }
  return wanted;
}

const outcomes = ['completed', 'rolledBack', 'refused', 'needsOperator', 'broken'];

const field = (name: string, label: string, input: HTMLElement): HTMLElement =>
  el('div', { class: 'field' }, el('label', { for: `filter-${name}` }, label), input);

const named = (names: readonly string[]) => names.map((name) => [name, name] as const);

/** Each is part of the address, so that a link leads to the same list. */
function filters({ machines }: Access): HTMLElement {
  const asked = filterOf(location.hash);
  const select = (name: string, options: readonly (readonly [string, string])[]): HTMLElement => {
    const made = options.map(([value, words]) =>
      el('option', { value, selected: asked.get(name) === value }, words),
    );
    return el('select', { name, id: `filter-${name}` }, ...made);
  };
  const form = el(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Filter runs' },
    field(
      'status',
      'Status',
      select('status', [
        ['', 'all'],
        ['unfinished', 'unfinished'],
        ['finished', 'finished'],
      ]),
    ),
    field('machine', 'Workflow', select('machine', [['', 'all'], ...named(machines)])),
    field('outcome', 'Outcome', select('outcome', [['', 'all'], ...named(outcomes)])),
    field(
      'domain',
      'Domain',
      el('input', {
        name: 'domain',
        id: 'filter-domain',
        value: asked.get('domain') ?? '',
        maxlength: 255,
        autocomplete: 'off',
      }),
    ),
  );
  const apply = (event: Event): void => {
    event.preventDefault();
    const wanted = new URLSearchParams();
    for (const [name, value] of new FormData(form))
      if (typeof value === 'string' && value !== '') wanted.set(name, value);
    location.hash = listPlace(wanted);
  };
  form.addEventListener('change', apply);
  form.addEventListener('submit', apply);
  return form;
}

const columns = ['Domain', 'Workflow', 'State', 'Since', 'Driven by'];

/** The rows of the table: what did not change is left alone. */
class Rows {
  readonly table: HTMLElement;
  readonly #body = el('tbody', { role: 'rowgroup' });
  readonly #rows = new Map<string, Row>();

  constructor() {
    // A narrow page shows rows as blocks: what they are is said, so that it stays a table.
    const heads = columns.map((name) => el('th', { scope: 'col', role: 'columnheader' }, name));
    this.table = el(
      'table',
      { class: 'runs', role: 'table' },
      el('caption', { class: 'unseen' }, 'Runs, the latest first'),
      el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)),
      this.#body,
    );
  }

  show(runs: readonly RunRow[], nowMs: number): void {
    const wanted = new Set(runs.map(({ run }) => run));
    for (const [run, { element }] of this.#rows)
      if (!wanted.has(run)) {
        element.remove();
        this.#rows.delete(run);
      }
    let before: Element | null = null;
    for (const run of runs) {
      const row = this.#rows.get(run.run) ?? new Row(run);
      this.#rows.set(run.run, row);
      row.show(run, nowMs);
      const place: Element | null =
        before === null ? this.#body.firstElementChild : before.nextElementSibling;
      if (place !== row.element) this.#body.insertBefore(row.element, place);
      before = row.element;
    }
  }
}

class Row {
  readonly element: HTMLElement;
  readonly #mark = el('span', { class: 'mark' });
  readonly #state = el('span');
  readonly #since = el('td', { role: 'cell', 'data-label': 'Since' });
  readonly #driver = el('td', { role: 'cell', 'data-label': 'Driven by' });

  constructor({ domain, machine, run }: RunRow) {
    const link = el('a', { href: runPlace(run) }, domain ?? run);
    this.element = el(
      'tr',
      { role: 'row', 'data-run': run },
      el('th', { scope: 'row', role: 'rowheader', 'data-label': 'Domain' }, link),
      el('td', { role: 'cell', 'data-label': 'Workflow' }, machine),
      el('td', { role: 'cell', 'data-label': 'State' }, this.#mark, ' ', this.#state),
      this.#since,
      this.#driver,
    );
  }

  show(run: RunRow, nowMs: number): void {
    const { kind, words } = standingOf(run);
    if (this.#mark.dataset['kind'] !== kind) this.#mark.dataset['kind'] = kind;
    say(this.#mark, words);
    say(this.#state, run.outcome === null ? stateWords(run) : '');
    say(this.#since, sinceWords(run, nowMs));
    say(this.#driver, driverOf(run));
  }
}
