import type { Paint } from './paint.ts';
import { fit, formatBytes, formatOffset, formatSpan, oneLine } from './quantities.ts';
import type { PhaseView, RunView, StreamView } from './run-view.ts';
import { etaMs } from './run-view.ts';
import { describePasses, describeState } from './state-words.ts';

export interface FrameOptions {
  readonly title: string;
  /** Phases that the migration will go through, so that the list keeps its height meanwhile. */
  readonly expectedPhases: readonly string[];
  readonly columns: number;
  readonly nowEpochMs: number;
  readonly paint: Paint;
}

/** The picture of a run at one moment; no line is wider than `columns`. */
export function renderFrame(view: RunView, options: FrameOptions): string[] {
  const { columns, paint, nowEpochMs } = options;
  const spent = formatSpan(nowEpochMs - view.startedAtEpochMs);
  const title = fit(oneLine(options.title), Math.max(0, columns - spent.length - 2));
  const gap = ' '.repeat(Math.max(0, columns - title.length - spent.length));
  const phases = phaseLines(view, options);
  const lines = [
    paint.strong(title) + fit(gap + spent, columns - title.length),
    ...stateLines(view, options),
    // Not every workflow has phases of libvirt.
    ...(phases.length === 0 ? [] : ['', ...phases]),
    '',
    ...streamLines(view.streams, options),
    ...passLines(view, options),
    ...pauseLines(view, options),
  ];
  if (view.notice !== null) lines.push(...wrap(oneLine(view.notice), columns).map(paint.strong));
  return lines;
}

function stateLines({ current, beside }: RunView, { columns }: FrameOptions): string[] {
  const shown = [...(current === null ? [] : [current]), ...beside.values()];
  return shown.map(describeState).flatMap(({ name, description }) => {
    const line = `${name}: ${description}`;
    if (line.length <= columns) return [line];
    const indented = wrap(description, Math.max(1, columns - 2)).map((words) => `  ${words}`);
    return [name, ...indented].map((words) => fit(words, columns));
  });
}

function phaseLines(view: RunView, { columns, paint, expectedPhases }: FrameOptions): string[] {
  const reached = new Map(view.phases.map((phase) => [phase.phase, phase]));
  const names = new Set([...expectedPhases, ...reached.keys()]);
  return [...names].map((name) => {
    const phase = reached.get(name);
    const text = fit(`  ${name.padEnd(18)}${phaseTime(view, phase)}`, columns);
    return phase === undefined ? paint.faint(text) : text;
  });
}

function phaseTime(view: RunView, phase: PhaseView | undefined): string {
  if (phase === undefined) return '         -';
  const offset = formatOffset(phase.atEpochMs - view.startedAtEpochMs);
  return `${offset.padStart(12)}  ${phase.evidence ?? ''}`.trimEnd();
}

const nameColumnsMin = 8;
const nameColumnsMax = 16;
const barColumnsMin = 10;
const barColumnsMax = 80;

/** Name, bar, and what fits behind it; the bars of all streams are equally long. */
function streamLines(streams: readonly StreamView[], { columns, paint }: FrameOptions): string[] {
  const names = streams.map(({ stream }) => oneLine(stream));
  const longestName = Math.max(0, ...names.map((name) => name.length));
  const nameColumns = Math.min(Math.max(nameColumnsMin, longestName + 1), nameColumnsMax);
  const room = columns - nameColumns - 2;
  const tails = streams.map((stream) => tailOf(stream, room - barColumnsMin));
  const longest = Math.max(0, ...tails.map((tail) => tail.length));
  const width = Math.min(room - longest, barColumnsMax);
  return streams.map((stream, index) => {
    const name = fit(names[index] ?? '', nameColumns - 1).padEnd(nameColumns);
    const tail = tails[index] ?? '';
    if (width < 1) return fit(name + tail, columns);
    const filled = Math.floor(width * stream.fraction);
    const rest = '.'.repeat(width - filled);
    return `${name}[${paint.good('#'.repeat(filled))}${rest}]${tail}`;
  });
}

/** Share, time left, rate, amounts: as many as there is room for, in this order. */
function tailOf(stream: StreamView, columns: number): string {
  const { fraction, bytesPerS, remainingBytes, processedBytes } = stream;
  const isMoving = bytesPerS !== null && bytesPerS > 0 && remainingBytes > 0;
  const left = etaMs(stream);
  const parts = [
    `${String(Math.floor(fraction * 100)).padStart(3)} %`,
    isMoving && left !== null ? `ETA ${formatSpan(left)}` : '',
    isMoving ? `${formatBytes(bytesPerS)}/s` : '',
    `${formatBytes(processedBytes)} sent, ${formatBytes(remainingBytes)} left`,
  ].filter((part) => part !== '');
  return parts.reduce((tail, part) => {
    const longer = `${tail}  ${part}`;
    return tail === '' || longer.length <= columns ? longer : tail;
  }, '');
}

function passLines({ passes }: RunView, { columns }: FrameOptions): string[] {
  return passes === null ? [] : [fit(describePasses(passes), columns)];
}

function pauseLines({ pause }: RunView, { nowEpochMs, columns }: FrameOptions): string[] {
  if (pause === null) return [];
  const downtimeMs = Math.round((pause.toEpochMs ?? nowEpochMs) - pause.fromEpochMs);
  const words =
    pause.toEpochMs === null ? `downtime so far ${downtimeMs} ms` : `downtime ${downtimeMs} ms`;
  return [fit(words, columns)];
}

/** Words over as many lines as they need; a word that is too long is cut where the line ends. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return line === '' ? lines : [...lines, line];
}
