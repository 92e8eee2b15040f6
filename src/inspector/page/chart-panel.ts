import { ChartDrawing } from './chart-drawing.ts';
import type { ChartBook } from './charts.ts';
import { standing } from './charts.ts';
import { el, rebuilder, say, signButton } from './dom.ts';
import type { Panel, Picture } from './picture.ts';
import { momentOf } from './picture.ts';
import type { Server } from './server.ts';
import type { Member, Moment } from './story.ts';

const zooms = [0.15, 0.25, 0.35, 0.5, 0.7, 1, 1.4, 2];
const readable = 4;
const askAgainMs = 5_000;

interface ChartParts {
  readonly server: Server;
  /** The machine that somebody chose; `null`: the one at work. */
  readonly chosen: () => string | null;
  readonly choose: (machine: string) => void;
}

/** The chart of a machine of the family, with where the run stands lit on it. */
export class ChartPanel implements Panel {
  readonly element: HTMLElement;
  readonly #parts: ChartParts;
  readonly #drawings = new Map<string, Promise<ChartDrawing>>();
  readonly #paper = el('div', {
    class: 'paper-roll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Chart',
  });
  readonly #machines = el('div', { class: 'line', role: 'group', 'aria-label': 'Machine' });
  readonly #note = el('p', { class: 'quiet' });
  readonly #follow = el('input', { type: 'checkbox', id: 'follow', checked: true });
  readonly #showMachines: (shown: { names: readonly string[]; now: string }) => void;
  #zoom = readable;
  #drawing: { readonly machine: string; readonly drawing: ChartDrawing } | null = null;
  #picture: Picture | null = null;
  #wanted = '';

  constructor(parts: ChartParts) {
    this.#parts = parts;
    this.#showMachines = rebuilder(this.#machines, ({ names, now }) =>
      names.map((name) => {
        const pressed = name === now ? 'true' : 'false';
        return el(
          'button',
          { type: 'button', 'aria-pressed': pressed, onclick: () => parts.choose(name) },
          name,
        );
      }),
    );
    this.element = el(
      'section',
      { class: 'chart-panel', 'aria-label': 'Chart of the machine' },
      el(
        'div',
        { class: 'line tools' },
        this.#machines,
        signButton('−', 'Smaller', () => this.#zoomTo(this.#zoom - 1)),
        signButton('+', 'Larger', () => this.#zoomTo(this.#zoom + 1)),
        signButton('Whole', 'The whole chart', () => this.#fit()),
        el('label', { for: 'follow' }, this.#follow, ' follow'),
      ),
      this.#note,
      this.#paper,
    );
  }

  show(picture: Picture): void {
    this.#picture = picture;
    const moment = momentOf(picture);
    if (moment === null) return;
    const members = [...moment.members.values()];
    const names = [...new Set(members.map(({ machine }) => machine))];
    const atWork = standing(moment, picture.charts)[0]?.machine ?? '';
    const chosen = this.#parts.chosen();
    const machine = chosen !== null && names.includes(chosen) ? chosen : atWork;
    this.#showMachines({ names, now: machine });
    // The picture is fetched while its chart still comes.
    if (this.#drawing?.machine !== machine) {
      void this.#load(machine);
      return;
    }
    const book = picture.charts.get(machine);
    if (book === undefined) return;
    const member = members.findLast((one) => one.machine === machine) ?? null;
    this.#light(this.#drawing.drawing, { book, member, moment });
    // The run goes from one to the other without a word.
    for (const name of names) void this.#drawingOf(name);
  }

  /** The picture as a file; `null`: there is none yet. */
  async toText(): Promise<string | null> {
    const shown = this.#drawing?.drawing;
    return shown?.toText(await this.#parts.server.chartStyle()) ?? null;
  }

  #light(
    drawing: ChartDrawing,
    { book, member, moment }: { book: ChartBook; member: Member | null; moment: Moment },
  ): void {
    const isNew = drawing.light(member, moment, book);
    const isOther = member !== null && member.version !== book.version;
    say(
      this.#note,
      isOther
        ? `The chart is of version ${book.version}, the run of version ${member.version}.`
        : '',
    );
    if (isNew && this.#follow.checked) this.#reveal();
  }

  async #load(machine: string): Promise<void> {
    this.#wanted = machine;
    try {
      const drawing = await this.#drawingOf(machine);
      if (this.#wanted !== machine || this.#drawing?.machine === machine) return;
      this.#drawing = { machine, drawing };
      drawing.zoom(zooms[this.#zoom] ?? 1);
      this.#paper.replaceChildren(drawing.element);
      if (this.#picture !== null) this.show(this.#picture);
      this.#reveal();
    } catch (error) {
      say(this.#note, error instanceof Error ? error.message : String(error));
    }
  }

  #drawingOf(machine: string): Promise<ChartDrawing> {
    const known = this.#drawings.get(machine);
    if (known !== undefined) return known;
    const loading = this.#parts.server.drawing(machine).then((one) => new ChartDrawing(one));
    this.#drawings.set(machine, loading);
    // It is asked for again, but not with every picture.
    loading.catch(() => setTimeout(() => this.#drawings.delete(machine), askAgainMs));
    return loading;
  }

  /** Where the run stands comes into the middle. */
  #reveal(): void {
    if (this.#drawing === null || this.#picture === null) return;
    const moment = momentOf(this.#picture);
    const { drawing, machine } = this.#drawing;
    const book = this.#picture.charts.get(machine);
    if (moment === null || book === undefined) return;
    const member = [...moment.members.values()].findLast((one) => one.machine === machine);
    const first = standing(moment, this.#picture.charts).map(({ path }) => path);
    const place = drawing.placeOf([...first, ...(member?.states.keys() ?? [])], book);
    if (place === null) return;
    const paper = this.#paper.getBoundingClientRect();
    this.#paper.scrollBy({
      left: place.left + place.width / 2 - (paper.left + paper.width / 2),
      top: place.top + place.height / 2 - (paper.top + paper.height / 2),
    });
  }

  #zoomTo(step: number): void {
    this.#zoom = Math.min(Math.max(step, 0), zooms.length - 1);
    this.#drawing?.drawing.zoom(zooms[this.#zoom] ?? 1);
    this.#reveal();
  }

  #fit(): void {
    if (this.#drawing === null) return;
    const { height, width } = this.#drawing.drawing.size;
    const { clientHeight, clientWidth } = this.#paper;
    this.#drawing.drawing.zoom(Math.min(clientWidth / width, clientHeight / height));
  }
}
