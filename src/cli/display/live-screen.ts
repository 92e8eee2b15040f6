import { stripVTControlCharacters } from 'node:util';

import type { Output } from '../output.ts';

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearBelow = '\u001b[J';

/** What a picture has to know of the terminal that it is on (`tty.WriteStream`). */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** A picture at the end of a terminal that is redrawn in place. */
export class LiveScreen {
  readonly #terminal: Terminal;
  readonly #output: Output;
  readonly #render: (columns: number) => readonly string[];
  readonly #timer: NodeJS.Timeout;
  /** Widths of the lines that stand there now; a resized terminal may have wrapped them. */
  #widths: readonly number[] = [];
  readonly #redraw = (): void => this.draw();
  readonly #restore = (): void => this.#output.write(showCursor);

  constructor(options: {
    readonly terminal: Terminal;
    readonly output: Output;
    readonly intervalMs: number;
    readonly render: (columns: number) => readonly string[];
  }) {
    this.#terminal = options.terminal;
    this.#output = options.output;
    this.#render = options.render;
    this.#output.write(hideCursor);
    process.once('exit', this.#restore);
    this.#terminal.on('resize', this.#redraw);
    this.#timer = setInterval(this.#redraw, options.intervalMs);
    this.#output.placeAbove((write) => {
      this.#erase();
      write();
      this.draw();
    });
  }

  draw(): void {
    const columns = this.#columns;
    // The top may scroll away on a low terminal, and then nothing could be redrawn any more.
    const lines = this.#render(columns).slice(0, Math.max(1, this.#terminal.rows - 1));
    this.#output.write(`${this.#toTop()}${clearBelow}${lines.join('\n')}\n`);
    this.#widths = lines.map(visibleWidth);
  }

  /** Leaves the last picture where it is. */
  close(): void {
    clearInterval(this.#timer);
    this.draw();
    this.#output.placeAbove(null);
    this.#terminal.off('resize', this.#redraw);
    process.off('exit', this.#restore);
    this.#restore();
  }

  /** A pipe has no width; a terminal that does not tell its own counts as 80. */
  get #columns(): number {
    return this.#terminal.columns > 0 ? this.#terminal.columns : 80;
  }

  #erase(): void {
    this.#output.write(this.#toTop() + clearBelow);
    this.#widths = [];
  }

  #toTop(): string {
    const columns = this.#columns;
    const rows = this.#widths.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows === 0 ? '\r' : `\u001b[${rows}A\r`;
  }
}

function visibleWidth(line: string): number {
  return stripVTControlCharacters(line).length;
}
