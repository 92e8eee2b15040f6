import type { LinkPhase } from './wire.ts';

/** A moment of a migration that we drive, and how the daemons' own files prove that it is this one. */
export interface Moment {
  /** Held before this call; `null`: not held, but in the midst of copying. */
  readonly hold: LinkPhase | null;
  /** The chart's state then, and what the source has begun to send, as `virsh domjobinfo` names it. */
  readonly copying?: { readonly state: string; readonly sends: 'File' | 'Memory' };
  /** Lost when the held phase is called: then the fault strikes. */
  readonly loses?: 'requests' | 'answers';
  /** Phases in the status files of source and destination. */
  readonly held: readonly [string, string];
  /** The last phases in their logs. */
  readonly entered: readonly [string, string];
  /** What both daemons make of it when their client dies: states of the domain; `null`: none. */
  readonly afterDeath: readonly ['running' | 'paused' | null, 'running' | null];
  readonly storage: 'private' | 'shared';
}

const begun = { held: ['begin3', 'none'], entered: ['begin3', 'none'] } as const;
const prepared = { held: ['begin3', 'prepare'], entered: ['begin3', 'prepare'] } as const;
const copying = { held: ['perform3', 'prepare'], entered: ['perform3', 'prepare'] } as const;
const copied = {
  held: ['perform3_done', 'prepare'],
  entered: ['perform3_done', 'prepare'],
} as const;
const gone = { held: ['perform3_done', 'none'], entered: ['perform3_done', 'finish3'] } as const;

/** Every phase, and the gaps before and after its reply, in their order. */
export const moments = {
  'BEGIN3, its reply lost': {
    ...begun,
    hold: 'begin',
    loses: 'answers',
    afterDeath: ['running', null],
    storage: 'private',
  },
  'BEGIN3, before Prepare': {
    ...begun,
    hold: 'prepare',
    afterDeath: ['running', null],
    storage: 'private',
  },
  'PREPARE, its reply lost': {
    ...prepared,
    hold: 'prepare',
    loses: 'answers',
    afterDeath: ['running', null],
    storage: 'private',
  },
  'PREPARE, before Perform': {
    ...prepared,
    hold: 'perform',
    afterDeath: ['running', null],
    storage: 'private',
  },
  'PERFORM3, mirroring': {
    ...copying,
    hold: null,
    copying: { state: 'perform3.mirroring', sends: 'File' },
    afterDeath: ['running', null],
    storage: 'private',
  },
  'PERFORM3, precopying': {
    ...copying,
    hold: null,
    copying: { state: 'perform3.precopying', sends: 'Memory' },
    afterDeath: ['running', null],
    storage: 'shared',
  },
  'PERFORM3_DONE, its reply lost': {
    ...copied,
    hold: 'perform',
    loses: 'answers',
    afterDeath: ['paused', null],
    storage: 'private',
  },
  'PERFORM3_DONE, before Finish': {
    ...copied,
    hold: 'finish',
    afterDeath: ['paused', null],
    storage: 'private',
  },
  'FINISH3 that never arrives': {
    ...copied,
    hold: 'finish',
    loses: 'requests',
    afterDeath: ['paused', null],
    storage: 'private',
  },
  'FINISH3, its reply lost': {
    ...gone,
    hold: 'finish',
    loses: 'answers',
    afterDeath: ['paused', 'running'],
    storage: 'private',
  },
  'CONFIRM3, before it': {
    ...gone,
    hold: 'confirm',
    afterDeath: ['paused', 'running'],
    storage: 'private',
  },
  'CONFIRM3, its reply lost': {
    hold: 'confirm',
    loses: 'answers',
    held: ['none', 'none'],
    entered: ['confirm3', 'finish3'],
    afterDeath: [null, 'running'],
    storage: 'private',
  },
} as const satisfies Readonly<Record<string, Moment>>;

export type MomentName = keyof typeof moments;
