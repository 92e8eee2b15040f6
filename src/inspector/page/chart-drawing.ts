import type { ChartBook } from './charts.ts';
import type { Member, Moment } from './story.ts';

/** The picture of one machine, with a run lit on it. */
export class ChartDrawing {
  readonly element: SVGSVGElement;
  readonly #states = new Map<string, Element[]>();
  readonly #arrows: { readonly element: Element; readonly from: string; readonly to: string }[] =
    [];
  readonly #shown = new Map<string, ReadonlySet<Element>>();
  readonly #width: number;
  readonly #height: number;

  constructor(drawing: Document) {
    const element = document.importNode(drawing.documentElement, true);
    if (!(element instanceof SVGSVGElement)) throw new Error('the drawing is no SVG');
    this.element = element;
    for (const state of element.querySelectorAll('[data-state]')) {
      const id = state.getAttribute('data-state') ?? '';
      this.#states.set(id, [...(this.#states.get(id) ?? []), state]);
    }
    for (const arrow of element.querySelectorAll('[data-from]')) {
      const from = arrow.getAttribute('data-from') ?? '';
      this.#arrows.push({ element: arrow, from, to: arrow.getAttribute('data-to') ?? '' });
    }
    this.#width = Number(element.getAttribute('width'));
    this.#height = Number(element.getAttribute('height'));
  }

  /** @returns whether something else is lit now */
  light(member: Member | null, moment: Moment, book: ChartBook): boolean {
    const paths = member === null || member.isOver ? finalOf(member) : [...member.states.keys()];
    const around = paths.map((path) => book.around(path).map(({ id }) => id));
    const been = [...(member?.visited ?? [])].map((path) => book.around(path)[0]?.id ?? '');
    const isOwn = member !== null && moment.step.run === member.run;
    const isNew = this.#mark('lit', this.#statesOf(around.map(([id]) => id ?? '')));
    this.#mark('around', this.#statesOf(around.flatMap(([, ...outer]) => outer)));
    this.#mark('been', this.#statesOf(been));
    this.#mark('took', isOwn ? this.#arrowsOf(moment, member, book) : new Set());
    return isNew;
  }

  /** In px of the page. */
  zoom(factor: number): void {
    this.element.setAttribute('width', String(Math.round(this.#width * factor)));
    this.element.setAttribute('height', String(Math.round(this.#height * factor)));
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#width, height: this.#height };
  }

  /** Those of `paths` first: where the run stands, not what rests beside it. */
  placeOf(paths: readonly string[], book: ChartBook): DOMRect | null {
    for (const path of paths) {
      const [state] = this.#states.get(book.around(path)[0]?.id ?? '') ?? [];
      if (state !== undefined) return state.getBoundingClientRect();
    }
    return null;
  }

  /** As a file of its own, with the style sheet that it needs. */
  toText(styleSheet: string): string {
    const copy = this.element.cloneNode(true);
    if (!(copy instanceof SVGSVGElement)) return '';
    copy.setAttribute('width', String(this.#width));
    copy.setAttribute('height', String(this.#height));
    const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
    style.textContent = styleSheet;
    copy.prepend(style);
    return new XMLSerializer().serializeToString(copy);
  }

  #statesOf(ids: readonly string[]): ReadonlySet<Element> {
    return new Set(ids.flatMap((id) => this.#states.get(id) ?? []));
  }

  #arrowsOf({ left, step }: Moment, member: Member, book: ChartBook): ReadonlySet<Element> {
    const idsOf = (paths: readonly string[]): ReadonlySet<string> =>
      new Set(paths.flatMap((path) => book.around(path).map(({ id }) => id)));
    const entered = [...member.states].flatMap(([path, at]) => (at === step.at ? [path] : []));
    const from = idsOf(left);
    const to = idsOf(entered);
    return new Set(
      this.#arrows.flatMap((arrow) =>
        from.has(arrow.from) && to.has(arrow.to) ? [arrow.element] : [],
      ),
    );
  }

  #mark(name: string, elements: ReadonlySet<Element>): boolean {
    const before = this.#shown.get(name) ?? new Set();
    const gone = [...before].filter((element) => !elements.has(element));
    const added = [...elements].filter((element) => !before.has(element));
    for (const element of gone) element.classList.remove(name);
    for (const element of added) element.classList.add(name);
    this.#shown.set(name, elements);
    return gone.length + added.length > 0;
  }
}

/** A run that came to its end stays lit there; one that was left is lit nowhere. */
function finalOf(member: Member | null): string[] {
  return member === null || member.states.size !== 1 ? [] : [...member.states.keys()];
}
