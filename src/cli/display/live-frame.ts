import type { Paint } from './paint.ts';
import { fit, formatBytes, formatOffset, formatSpan, oneLine } from './quantities.ts';
import type { PhaseView, RunView, StreamView } from './run-view.ts';
import { etaMs } from './run-view.ts';

export interface FrameOptions {
  readonly title: string;
  readonly columns: number;
  readonly nowEpochMs: number;
  readonly paint: Paint;
}

/** The phases of every migration, so that the list keeps its height while they come in. */
const expectedPhases = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];

/** The picture of a run at one moment; no line is wider than `columns`. */
export function renderFrame(view: RunView, options: FrameOptions): string[] {
  const { columns, paint, nowEpochMs } = options;
  const spent = formatSpan(nowEpochMs - view.startedAtEpochMs);
  const title = fit(oneLine(options.title), Math.max(0, columns - spent.length - 2));
  const gap = ' '.repeat(Math.max(0, columns - title.length - spent.length));
  const lines = [
    paint.strong(title) + fit(gap + spent, columns - title.length),
    ...stateLines(view, options),
    '',
    ...phaseLines(view, options),
    '',
    ...view.streams.map((stream) => streamLine(stream, options)),
    ...pauseLines(view, options),
  ];
  if (view.notice !== null) lines.push(...wrap(oneLine(view.notice), columns).map(paint.strong));
  return lines;
}

function stateLines({ current, beside }: RunView, { columns }: FrameOptions): string[] {
  const shown = [...(current === null ? [] : [current]), ...beside.values()];
  return shown.flatMap(({ state, description }) => {
    const line = `${state}: ${description}`;
    return line.length <= columns
      ? [line]
      : [fit(state, columns), fit(`  ${description}`, columns)];
  });
}

function phaseLines(view: RunView, { columns, paint }: FrameOptions): string[] {
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

const barColumnsMin = 10;
const barColumnsMax = 80;

/** Name, bar, share, amount, rate, time left; the least important goes first on a narrow terminal. */
function streamLine(stream: StreamView, { columns, paint }: FrameOptions): string {
  const left = etaMs(stream);
  const rate = stream.bytesPerS === null ? '' : `${formatBytes(stream.bytesPerS)}/s`;
  const parts = [
    `${String(Math.floor(stream.fraction * 100)).padStart(3)} %`,
    left === null ? '' : `ETA ${formatSpan(left)}`,
    rate,
    `${formatBytes(stream.processedBytes)} of ${formatBytes(stream.totalBytes)}`,
  ].filter((part) => part !== '');
  const name = fit(oneLine(stream.stream), 12).padEnd(7);
  while (parts.length > 1 && columns - name.length - tail(parts).length - 3 < barColumnsMin)
    parts.pop();
  const room = columns - name.length - tail(parts).length - 3;
  if (room < 1) return fit(name + tail(parts), columns);
  const width = Math.min(room, barColumnsMax);
  const filled = Math.floor(width * stream.fraction);
  return `${name} [${paint.good('#'.repeat(filled))}${'.'.repeat(width - filled)}]${tail(parts)}`;
}

function tail(parts: readonly string[]): string {
  return parts.map((part) => `  ${part}`).join('');
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
