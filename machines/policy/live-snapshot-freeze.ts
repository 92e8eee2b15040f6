import type { Failure } from '../../src/ports/failure.ts';
import { withArtefact, withoutArtefact } from './artefact.ts';
import { readFailure } from './failures.ts';
import type { LiveSnapshotContext } from './live-snapshot.ts';
import { snapshotFailure } from './live-snapshot.ts';
import { foundDomain } from './one-host.ts';

type Context = LiveSnapshotContext;
type Change = Partial<Context>;

export interface AgentLook {
  readonly atEpochMs: number;
  readonly agent: 'connected' | 'disconnected' | 'none';
}

export interface FreezeLook {
  readonly atEpochMs: number;
  readonly status: 'thawed' | 'frozen' | 'silent' | 'unknown';
}

export interface Thawed {
  readonly atEpochMs: number;
}

const freezeOf = (context: Context) =>
  ({ kind: 'freeze', host: context.host, path: foundDomain(context).uuid }) as const;

/** On record before it is asked for: whoever takes over after a crash thaws first. */
export function expectFreeze(context: Context, { atEpochMs }: AgentLook): Change {
  const artefact = { ...freezeOf(context), status: 'expected' } as const;
  return {
    frozenSinceEpochMs: atEpochMs,
    artefacts: withArtefact(context.artefacts, artefact),
  };
}

/**
 * How much the guest knew of the moment: its file systems came to rest. Its applications did only
 * where hooks are known to run, since an agent does not tell whether it has some.
 */
export function noteFrozen(context: Context, { frozen }: { frozen: number }): Change {
  if (frozen === 0)
    return withNote(
      context,
      'the guest agent found no file system to freeze: the image is as after a power cut',
    );
  return {
    consistency: context.agentRunsHooks ? 'application' : 'filesystem',
    artefacts: withArtefact(context.artefacts, { ...freezeOf(context), status: 'made' }),
  };
}

/**
 * The image is as after a power cut. A freeze that failed for certain needs no thaw; one that was not
 * answered may come yet, so its record stays until a thaw has been answered.
 */
export function noteUnfrozen(context: Context, { error }: { error: unknown }): Change {
  const { effect, message } = readFailure(error);
  const noted = withNote(
    context,
    `the guest was not frozen, so the image is as after a power cut: ${message}`,
  );
  return effect === 'unknown' ? noted : { ...noted, ...forgetFreeze(context) };
}

/** Of a freeze that was required. */
export function freezeFailure(context: Context, error: unknown): Failure {
  const { message, ...cause } = readFailure(error);
  return {
    ...cause,
    effect: 'none',
    message: `${foundDomain(context).name} could not be frozen, so no snapshot was taken, and it runs on: ${message}`,
  };
}

export function forgetIfCertain(context: Context, { error }: { error: unknown }): Change {
  return readFailure(error).effect === 'unknown' ? {} : forgetFreeze(context);
}

export const agentGone = ({ agent }: AgentLook): Failure =>
  snapshotFailure(
    'agentUnavailable',
    agent === 'none' ? 'it has no channel for a guest agent' : 'its guest agent is not connected',
  );

export const pausedFailure: Failure = snapshotFailure(
  'guestPaused',
  'it is paused, and a paused guest cannot bring its file systems to rest',
);

export const nothingFrozen: Failure = snapshotFailure(
  'freezeFailed',
  'its agent found no file system to freeze',
);

export const mayBeFrozen = (context: Context): boolean =>
  context.artefacts.some(({ kind, status }) => kind === 'freeze' && status !== 'left');
export const isLeftFrozen = (context: Context): boolean =>
  context.artefacts.some(({ kind, status }) => kind === 'freeze' && status === 'left');

/** Its answer proves it: an agent does one thing after the other. */
export function noteThawed(context: Context, { atEpochMs }: Thawed): Change {
  const { frozenSinceEpochMs } = context;
  return {
    ...forgetFreeze(context),
    frozenMs: frozenSinceEpochMs === null ? null : Math.max(0, atEpochMs - frozenSinceEpochMs),
  };
}

export function noteFreezeLeft(context: Context): Change {
  return { artefacts: withArtefact(context.artefacts, { ...freezeOf(context), status: 'left' }) };
}

/** Nobody but the guest's own agent can thaw it. */
export function stillFrozenFailure(context: Context): Failure {
  const { name } = foundDomain(context);
  const since = context.frozenSinceEpochMs;
  const when = since === null ? '' : ` (asked for at ${new Date(since).toISOString()})`;
  const cause = context.failure === null ? '' : `. Before that: ${context.failure.message}`;
  return snapshotFailure(
    'guestFrozen',
    `the file systems of ${name} may still be frozen${when}, and its agent does not answer a thaw: try virsh -c ${context.host} domfsthaw ${name}; where its agent is dead, start it on the guest's console, or reset the guest${cause}`,
    'unknown',
  );
}

export function withNote({ notes }: Context, note: string): Change {
  return { notes: [...notes, note] };
}

function forgetFreeze(context: Context): Change {
  return { artefacts: withoutArtefact(context.artefacts, freezeOf(context)) };
}
