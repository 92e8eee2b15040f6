import type { Step } from './wire.ts';

/** Who takes part in a run. */
export const peers = ['us', 'source', 'destination', 'qemu', 'agent'] as const;
export type Peer = (typeof peers)[number];

/** A call, an answer or a report, as a line from one to another. */
export interface Line {
  readonly seq: number;
  readonly at: number;
  readonly from: Peer;
  readonly to: Peer;
  readonly kind: 'call' | 'answer' | 'failure' | 'report' | 'inferred';
  readonly words: string;
  /** The real call. */
  readonly call: string | null;
}

/** Whom a call is to, by the first rule that fits; a host that is alone is the source. */
const calls: readonly (readonly [src: RegExp, call: RegExp, to: readonly Peer[]])[] = [
  [/^(?:freezeGuest|thawGuest|askFreeze)$/, /./, ['agent']],
  [/./, /^qemu-img|^rename$|^unlink$|^link, unlink$/, ['us']],
  [/^(?:inspectPeers|compareCopies|holdLink)$/, /./, ['source', 'destination']],
  [/./, /on both hosts/, ['source', 'destination']],
  [
    /Destination|^prepare$|^finish|Incoming$|^destroyHalf$|^makeVolume$|^forgetHalf/,
    /./,
    ['destination'],
  ],
];

export function calledBy(src: string, call: string | null): readonly Peer[] {
  const found = calls.find(([name, words]) => name.test(src) && words.test(call ?? '-'));
  return found?.[2] ?? ['source'];
}

/** Who reports an event, by its name. */
const reports: readonly (readonly [event: RegExp, from: Peer])[] = [
  [/^agent\./, 'agent'],
  [/^source\.(?:migration|iteration|mirror)/, 'qemu'],
  [/^(?:blockJob|device)\./, 'qemu'],
  [/^source\.|^link\.source|^domain\.|^connection\.|^job\./, 'source'],
  [/^destination\.|^link\.destination/, 'destination'],
];

export function reportedBy(event: string): Peer {
  return reports.find(([name]) => name.test(event))?.[1] ?? 'source';
}

/** What the daemons say to each other where the source's one drives: by the phase that it proves. */
const phases: Readonly<Record<string, readonly [from: Peer, to: Peer]>> = {
  BEGIN3: ['us', 'source'],
  PREPARE: ['source', 'destination'],
  PERFORM3: ['source', 'qemu'],
  PERFORM3_DONE: ['qemu', 'source'],
  FINISH3: ['source', 'destination'],
  CONFIRM3: ['destination', 'source'],
  CONFIRM3_CANCELLED: ['destination', 'source'],
};

/** The lines of one step. `srcOf`: by the key of what it came from. */
export function linesOf(
  step: Step,
  {
    callOf,
    srcOf,
  }: {
    readonly srcOf: (key: string) => { readonly src: string; readonly call: string | null } | null;
    readonly callOf: (invoke: string) => string | null;
  },
): Line[] {
  const { at, event, seq } = step;
  const line = (parts: Omit<Line, 'seq' | 'at'>): Line => ({ seq, at, ...parts });
  const told: Line[] = [];
  const answered = /^xstate\.(done|error)\.actor\./.exec(event)?.[1];
  const source = step.effect === null ? null : srcOf(step.effect);
  if (answered !== undefined && source !== null) {
    const { call, src } = source;
    const kind = answered === 'done' ? 'answer' : 'failure';
    const words = step.failure === undefined ? src : `${src}: ${step.failure.code}`;
    for (const from of calledBy(src, call))
      told.push(line({ from, to: 'us', kind, words, call: null }));
  } else if (source !== null)
    told.push(
      line({ from: reportedBy(event), to: 'us', kind: 'report', words: event, call: null }),
    );
  else if (!event.startsWith('xstate.'))
    told.push(line({ from: 'us', to: 'us', kind: 'report', words: event, call: null }));
  for (const { evidence, phase } of step.entered) {
    const ends = phases[phase ?? ''];
    if (ends === undefined || evidence === undefined || evidence === 'ours') continue;
    const [from, to] = ends;
    const words = `${phase ?? ''} (${evidence})`;
    told.push(line({ from, to, kind: 'inferred', words, call: null }));
  }
  for (const { id, machine, src } of step.started) {
    if (machine !== null) continue;
    const call = callOf(id);
    for (const to of calledBy(src, call))
      told.push(line({ from: 'us', to, kind: 'call', words: src, call }));
  }
  return told;
}
