import type { Charts } from './charts.ts';
import type { Moment } from './story.ts';
import type { Access, RunDetails, RunRow, Stream } from './wire.ts';

/** All that is shown of a run at once. */
export interface Picture {
  readonly access: Access;
  /** As it stands now; `null` until it is known. */
  readonly details: RunDetails | null;
  /** How it ended, as its log says; `null`: it goes on, or nobody does. */
  readonly ending: RunRow | null;
  readonly moments: readonly Moment[];
  /** Of the moment that is shown; -1 before there is one. */
  readonly at: number;
  /** The last moment is shown, and each that comes. */
  readonly isLive: boolean;
  readonly charts: Charts;
  readonly streams: readonly Stream[];
  readonly nowMs: number;
}

/** A part of the page that shows some of it. */
export interface Panel {
  readonly element: HTMLElement;
  show(picture: Picture): void;
}

export function momentOf({ at, moments }: Picture): Moment | null {
  return moments[at] ?? null;
}

export function beganAtMs({ moments }: Picture): number {
  return moments[0]?.step.at ?? 0;
}

/** When the moment that is shown was: now, where the run goes on. */
export function shownAtMs(picture: Picture): number {
  const { details, isLive, moments, nowMs } = picture;
  const isOver = details === null || details.finishedAt !== null || picture.ending !== null;
  const isDriven = details?.drivenBy?.alive === true;
  if (isLive && !isOver && isDriven) return nowMs;
  return (momentOf(picture) ?? moments.at(-1))?.step.at ?? nowMs;
}
