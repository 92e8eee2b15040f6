import type { ContextChange } from '../frame.ts';
import { el, rebuilder } from './dom.ts';
import type { Panel, Picture } from './picture.ts';
import { momentOf } from './picture.ts';

/** What the shown step changed in the context of its machine, and all that the contexts hold. */
export function contextPanel(): Panel {
  const changes = el('div');
  const whole = el('div');
  const showChanges = rebuilder(changes, changesOf);
  const contexts = new Map<string, Whole>();
  return {
    element: el(
      'div',
      {},
      el('h3', {}, 'Changed by this step'),
      changes,
      el('h3', {}, 'All'),
      whole,
    ),
    show: (picture) => {
      const moment = momentOf(picture);
      if (moment === null) return;
      showChanges(toldChanges(picture));
      for (const { context, machine, run } of moment.members.values()) {
        const one = contexts.get(run) ?? new Whole(machine);
        if (!contexts.has(run)) whole.append(one.element);
        contexts.set(run, one);
        one.show(context);
      }
      for (const [run, { element }] of contexts) element.hidden = !moment.members.has(run);
    },
  };
}

interface ToldChange {
  readonly path: string;
  readonly before: string | null;
  /** `null`: it is gone. */
  readonly after: string | null;
}

interface ToldChanges {
  readonly machine: string;
  /** `null`: they cannot be told. */
  readonly changes: readonly ToldChange[] | null;
}

function toldChanges({ at, moments }: Picture): ToldChanges {
  const moment = moments[at];
  const step = moment?.step;
  const before = moments[at - 1]?.members.get(step?.run ?? '')?.context ?? {};
  const changes = step?.changes?.map((change) => toldChange(change, before)) ?? null;
  return { machine: step?.machine ?? '', changes };
}

function toldChange(change: ContextChange, before: unknown): ToldChange {
  let value = before;
  for (const name of change.path)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return {
    path: change.path.join('.'),
    before: value === undefined ? null : inShort(value),
    after: 'gone' in change ? null : inShort(change.value),
  };
}

const shownMax = 400;

function inShort(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > shownMax ? `${text.slice(0, shownMax)} ...` : text;
}

function changesOf({ changes, machine }: ToldChanges): Node[] {
  if (changes === null)
    return [
      el(
        'p',
        { class: 'quiet' },
        `It cannot be told: the record is of a ${machine} of another version.`,
      ),
    ];
  if (changes.length === 0) return [el('p', { class: 'quiet' }, 'Nothing.')];
  const rows = changes.map(({ after, before, path }) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, path),
      el('td', {}, before === null ? '' : el('del', {}, before)),
      el('td', {}, after === null ? '' : el('ins', {}, after)),
    ),
  );
  const heads = ['Of its context', 'Before', 'After'].map((name) =>
    el('th', { scope: 'col' }, name),
  );
  return [
    el(
      'table',
      { class: 'changes' },
      el('caption', {}, machine),
      el('thead', {}, el('tr', {}, ...heads)),
      el('tbody', {}, ...rows),
    ),
  ];
}

/** One machine's context, written when somebody looks. */
class Whole {
  readonly element: HTMLDetailsElement;
  readonly #text = el('pre');
  #context: unknown = undefined;
  #written: unknown = undefined;

  constructor(machine: string) {
    this.element = el('details', {}, el('summary', {}, machine), this.#text);
    this.element.addEventListener('toggle', () => this.#write());
  }

  show(context: unknown): void {
    this.#context = context;
    this.#write();
  }

  #write(): void {
    if (!this.element.open || this.#written === this.#context) return;
    this.#written = this.#context;
    const isUntold = this.#context === null;
    this.#text.textContent = isUntold
      ? 'It cannot be told.'
      : JSON.stringify(this.#context, null, 2);
  }
}
