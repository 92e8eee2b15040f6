import type { EngineEvents } from '../engine/events.ts';
import { readChange } from './asked-change.ts';
import type { Asked, Entry, RunEnd } from './history.ts';

type Heard =
  'run.started' | 'run.resumed' | 'state.entered' | 'progress' | 'run.finished' | 'run.broken';
type Heed<Name extends Heard> = (name: Name, listener: EngineEvents[Name]) => unknown;
type HeedEach = Heed<'run.started'> &
  Heed<'run.resumed'> &
  Heed<'state.entered'> &
  Heed<'progress'> &
  Heed<'run.finished'> &
  Heed<'run.broken'>;

/** Whatever tells what an engine tells: the engine itself, or an emitter of the same events. */
export interface EngineFeed {
  readonly on: HeedEach;
  readonly off: HeedEach;
}

interface Moment {
  readonly atEpochMs: number;
  readonly runId: string;
}

/** Hands on what concerns one run (`null`: every run); the returned function ends that. */
export function listenTo(
  feed: EngineFeed,
  onlyRunId: string | null,
  hear: (entry: Entry) => void,
): () => void {
  const isOurs = ({ rootRunId }: { readonly rootRunId: string }): boolean =>
    onlyRunId === null || onlyRunId === rootRunId;
  const hearAsked = (machine: string, request: unknown, at: Moment): void => {
    const asked = readAsked(request);
    if (asked !== null) hear({ kind: 'asked', ...at, asked });
    const change = readChange(machine, request);
    if (change !== null) hear({ kind: 'askedChange', ...at, change });
  };
  const onStarted: EngineEvents['run.started'] = (event) => {
    const { atEpochMs, input, machine, runId } = event;
    if (isOurs(event) && isTop(event)) hearAsked(machine, input, { atEpochMs, runId });
  };
  const onResumed: EngineEvents['run.resumed'] = (event) => {
    const { atEpochMs, rootRunId: runId, states } = event;
    if (isOurs(event)) hear({ kind: 'resumed', atEpochMs, runId, states });
  };
  const onState: EngineEvents['state.entered'] = (event) => {
    if (!isOurs(event)) return;
    const { atEpochMs, rootRunId: runId, machine, state, tags, context } = event;
    // A run that was taken up again is not told to start, but its context says what is asked.
    if (isTop(event)) hearAsked(machine, context, { atEpochMs, runId });
    hear({ kind: 'stateEntered', atEpochMs, runId, machine, state, tags });
  };
  const onProgress: EngineEvents['progress'] = (event) => {
    const { atEpochMs, rootRunId: runId, streams } = event;
    if (isOurs(event)) hear({ kind: 'progressed', atEpochMs, runId, streams });
  };
  const onFinished: EngineEvents['run.finished'] = (event) => {
    const { atEpochMs, runId, output } = event;
    if (isOurs(event) && isTop(event))
      hear({ kind: 'runFinished', atEpochMs, runId, end: readEnd(output) });
  };
  const onBroken: EngineEvents['run.broken'] = (event) => {
    const { atEpochMs, runId, failure } = event;
    if (isOurs(event) && isTop(event))
      hear({ kind: 'runBroken', atEpochMs, runId, message: failure.message });
  };
  const heed = (how: HeedEach): void => {
    how('run.started', onStarted);
    how('run.resumed', onResumed);
    how('state.entered', onState);
    how('progress', onProgress);
    how('run.finished', onFinished);
    how('run.broken', onBroken);
  };
  heed(feed.on.bind(feed));
  return () => heed(feed.off.bind(feed));
}

function isTop({ runId, rootRunId }: { readonly runId: string; readonly rootRunId: string }) {
  return runId === rootRunId;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** What a migration's input or context asks for; `null`: it is of another machine. */
function readAsked(request: unknown): Asked | null {
  if (!isFields(request)) return null;
  const { source, destination, offline, options } = request;
  if (!isFields(options)) return null;
  const { keepSource, persistence, destinationName, destinationXml } = options;
  if (typeof source !== 'string' || typeof destination !== 'string') return null;
  return {
    source,
    destination,
    offline: offline === true,
    keepSource: keepSource === true,
    persistence: persistence === 'transient' ? 'transient' : 'asBefore',
    redefines: typeof destinationXml === 'string' || typeof destinationName === 'string',
  };
}

/** A machine's output, as far as every machine has it. */
function readEnd(output: unknown): RunEnd {
  const { outcome, failure, artefacts } = isFields(output) ? output : {};
  const message = isFields(failure) ? failure['message'] : null;
  return {
    outcome: typeof outcome === 'string' ? outcome : 'unknown',
    reason: typeof message === 'string' && message !== '' ? message : null,
    artefacts: Array.isArray(artefacts) ? artefacts.flatMap(readArtefact) : [],
  };
}

function readArtefact(artefact: unknown): RunEnd['artefacts'] {
  if (!isFields(artefact)) return [];
  const { host, kind, path, status } = artefact;
  if (
    typeof kind !== 'string' ||
    typeof host !== 'string' ||
    typeof path !== 'string' ||
    typeof status !== 'string'
  )
    return [];
  return [{ kind, host, path, status }];
}
