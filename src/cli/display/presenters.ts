import type { Readable } from 'node:stream';

import type { Config } from '../../config/index.ts';
import type { CommandAnswer } from './command-answer.ts';
import { answerToLine, answerToWords } from './command-answer.ts';
import { toJsonLines, toLastLine } from './json-lines.ts';
import { renderFrame } from './live-frame.ts';
import type { Terminal } from './live-screen.ts';
import { LiveScreen } from './live-screen.ts';
import type { Output } from '../output.ts';
import { paintFor } from './paint.ts';
import { toPlainLines } from './plain-lines.ts';
import type { RunEvent } from './run-events.ts';
import type { RunResult } from './run-result.ts';
import { viewAfter, viewAtStart } from './run-view.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';
import { throttleProgress } from './throttle-progress.ts';

/** How a run is shown while it goes on. */
export interface Presenter {
  show(event: RunEvent): void;
  /** Something that the user has to know now. */
  notice(words: string): void;
  /** What became of a command that was typed while the run goes on. */
  answer(answer: CommandAnswer): void;
  /** The run has ended; `summary` says in words what is true now. */
  close(result: RunResult, summary: readonly string[]): void;
}

export interface Surroundings {
  readonly output: Output;
  /** `null` where standard output is no terminal. */
  readonly terminal: Terminal | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What stands in the configuration file; left out where there is none. */
  readonly config?: Config;
  /** Only the result is told, and what goes wrong. */
  readonly isQuiet?: boolean;
  /** URI of an inspector that is told of every step. */
  readonly inspectUri?: string;
  readonly now: () => number;
  /** Standard input, opened when it is asked for. */
  readonly input: () => Readable & { readonly isTTY?: boolean };
}

/** What a presentation needs of them. */
type Stage = Omit<Surroundings, 'input'>;

export type Style = 'json' | 'words';

/** Which one it is, where several are shown at once, and when it began: not here. */
export interface RunLabel {
  readonly run: string;
  readonly words: string;
  readonly startedAtEpochMs: number;
}

export function createPresenter(
  style: Style,
  shown: ShownWorkflow,
  surroundings: Stage,
  label: RunLabel | null = null,
): Presenter {
  if (style === 'json') return jsonPresenter(shown, surroundings, label);
  const { environment, isQuiet = false, terminal } = surroundings;
  if (isQuiet) return quietPresenter(surroundings, label);
  // A dumb terminal cannot move its cursor: a picture would be drawn below itself again and again.
  return terminal === null || label !== null || environment['TERM'] === 'dumb'
    ? plainPresenter(shown, surroundings, label)
    : livePresenter(shown, terminal, surroundings);
}

const jsonProgressIntervalMs = 250;
const plainProgressIntervalMs = 2_000;
const redrawIntervalMs = 100;

function jsonPresenter(
  { header }: ShownWorkflow,
  { isQuiet = false, output }: Stage,
  label: RunLabel | null,
): Presenter {
  const whose = label === null ? {} : { run: label.run };
  const print = (line: object): void => output.print(JSON.stringify({ ...line, ...whose }));
  const show = throttleProgress(jsonProgressIntervalMs, (event) =>
    toJsonLines(event, header).forEach(print),
  );
  let last = {};
  return {
    show: (event) => {
      if (event.type === 'run.started' || event.type === 'run.resumed') last = { run: event.run };
      if (!isQuiet) show(event);
    },
    notice: (words) => output.say(noticeOf(label, words)),
    answer: (answer) => print(answerToLine(answer)),
    close: (result) => print({ ...toLastLine(result), ...last }),
  };
}

function noticeOf(label: RunLabel | null, words: string): string {
  return label === null ? `virtstate: ${words}` : `virtstate: ${label.words}: ${words}`;
}

/** What is true at the end, and what a person has to know before. */
function quietPresenter({ output }: Stage, label: RunLabel | null): Presenter {
  const whose = label === null ? '' : `${label.words}  `;
  return {
    show: () => undefined,
    notice: (words) => output.say(noticeOf(label, words)),
    answer: (answer) => output.say(answerToWords(answer)),
    close: (_, summary) => summary.forEach((line) => output.print(`${whose}${line}`)),
  };
}

function plainPresenter(
  { title }: ShownWorkflow,
  { output, now }: Stage,
  label: RunLabel | null,
): Presenter {
  let view = viewAtStart(label?.startedAtEpochMs ?? now());
  const printLine = (line: string): void =>
    output.print(label === null ? line : `${label.words}  ${line}`);
  printLine(title);
  const print = throttleProgress(plainProgressIntervalMs, (event) =>
    toPlainLines(event, view).forEach(printLine),
  );
  return {
    show: (event) => {
      view = viewAfter(view, event);
      print(event);
    },
    notice: (words) => output.say(noticeOf(label, words)),
    answer: (answer) => output.say(answerToWords(answer)),
    close: (_, summary) => summary.forEach(printLine),
  };
}

function livePresenter(
  { title, expectedPhases }: ShownWorkflow,
  terminal: Terminal,
  { output, now, environment }: Stage,
): Presenter {
  const paint = paintFor(environment);
  let view = viewAtStart(now());
  const screen = new LiveScreen({
    terminal,
    output,
    intervalMs: redrawIntervalMs,
    render: (columns) =>
      renderFrame(view, { title, expectedPhases, columns, nowEpochMs: now(), paint }),
  });
  return {
    show: (event) => {
      view = viewAfter(view, event);
      if (event.type !== 'progress') screen.draw();
    },
    answer: (answer) => output.say(answerToWords(answer)),
    notice: (words) => {
      view = { ...view, notice: words };
      screen.draw();
    },
    close: (result, summary) => {
      // The result knows of phases that no state stands for, as CONFIRM3_CANCELLED.
      const phases = result.ended === 'finished' ? result.phases : view.phases;
      // Nothing moves any more.
      const streams = view.streams.map((stream) => ({ ...stream, bytesPerS: null }));
      view = { ...view, phases, streams, notice: null };
      screen.close();
      summary.forEach((line) => output.print(line));
    },
  };
}
