import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import { withArtefact, withoutArtefact } from '../artefact.ts';
import type { Artefact } from '../artefact.ts';
import { unless } from '../check.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import { readFailure } from '../failures.ts';
import type { OneHostContext } from './one-host.ts';
import { foundDomain, onHost } from './one-host.ts';

/** `required`: nothing is taken without a freeze. `try`: without one it is crash consistent, and says so. */
export type Quiesce = 'required' | 'try' | 'never';

/** The part of a context that a workflow has whose guest may be brought to rest. */
export interface FreezeContext extends OneHostContext {
  readonly quiesce: Quiesce;
  /** How long the agent may take for a freeze, and for each try of a thaw. */
  readonly freezeTimeoutMs: number;
  /** From before the freeze is asked for until the guest is known to be thawed. */
  readonly frozenSinceEpochMs: number | null;
  readonly frozenMs: number | null;
  readonly notes: readonly string[];
}

type Context = FreezeContext;
type Change = Partial<
  Pick<Context, 'artefacts' | 'failure' | 'frozenMs' | 'frozenSinceEpochMs' | 'notes'>
>;

export interface GuestAsk extends DomainOnHost {
  readonly timeoutMs: number;
}

export const guestAsk = ({ context }: { readonly context: Context }): GuestAsk => ({
  ...onHost({ context }),
  timeoutMs: context.freezeTimeoutMs,
});

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

/** `null`: nothing that is known beforehand speaks against a freeze, or none is required. */
export function freezeObjection(
  quiesce: Quiesce,
  { name, state }: DomainView,
  { agent }: Pick<AgentLook, 'agent'>,
): string | null {
  if (quiesce !== 'required') return null;
  if (state === 'paused')
    return `${name} is paused, and a paused guest cannot bring its file systems to rest: resume it, or ask for no freeze`;
  return unless(agent === 'connected', () =>
    agent === 'none'
      ? `${name} has no channel for a guest agent, so it cannot be frozen: add one, or do without the freeze`
      : `the guest agent of ${name} is not connected, so it cannot be frozen: start it in the guest, or do without the freeze`,
  );
}

/** On record before it is asked for: whoever takes over after a crash thaws first. */
export function expectFreeze(context: Context, { atEpochMs }: AgentLook): Change {
  return { frozenSinceEpochMs: atEpochMs, ...freezeIs(context, 'expected') };
}

export const freezeMade = (context: Context): Change => freezeIs(context, 'made');

export const noteNothingFrozen = (context: Context): Change =>
  withNote(
    context,
    'the guest agent found no file system to freeze: what was taken is as after a power cut',
  );

/** Nothing of ours is frozen. */
const needsNoThaw = ({ code, effect }: Failure): boolean =>
  effect === 'none' || code === 'alreadyFrozen';

/**
 * What is taken is as after a power cut. A freeze that failed for certain needs no thaw, and somebody
 * else's gets none of us; one that was not answered may come yet, so its record stays until a thaw has
 * been answered.
 */
export function noteUnfrozen(context: Context, error: unknown): Change {
  const failure = readFailure(error);
  const note = `the guest was not frozen, so what was taken is as after a power cut: ${failure.message}`;
  const noted = withNote(context, note);
  return needsNoThaw(failure) ? { ...noted, ...forgetFreeze(context) } : noted;
}

/** Of a freeze that was required. */
export function refuseFreeze(context: Context, error: unknown): Change {
  const cause = readFailure(error);
  const { name } = foundDomain(context);
  const failure: Failure = {
    ...cause,
    effect: 'none',
    message: `${name} could not be frozen, so no snapshot was taken, and it runs on: ${cause.message}`,
  };
  return {
    failure: context.failure ?? failure,
    ...(needsNoThaw(cause) ? forgetFreeze(context) : {}),
  };
}

export const agentGone = ({ agent }: AgentLook): Failure => ({
  code: 'agentUnavailable',
  message:
    agent === 'none' ? 'it has no channel for a guest agent' : 'its guest agent is not connected',
  effect: 'none',
});

export const nothingFrozen: Failure = {
  code: 'freezeFailed',
  message: 'its agent found no file system to freeze',
  // The agent holds itself for frozen all the same.
  effect: 'unknown',
};

export const mayBeFrozen = ({ artefacts }: OneHostContext): boolean =>
  artefacts.some(({ kind, status }) => kind === 'freeze' && status !== 'left');
export const isLeftFrozen = ({ artefacts }: OneHostContext): boolean =>
  artefacts.some(({ kind, status }) => kind === 'freeze' && status === 'left');

/** Its answer proves it: an agent does one thing after the other. */
export function noteThawed(context: Context, { atEpochMs }: Thawed): Change {
  const { frozenSinceEpochMs } = context;
  return {
    ...forgetFreeze(context),
    frozenMs: frozenSinceEpochMs === null ? null : Math.max(0, atEpochMs - frozenSinceEpochMs),
  };
}

export const noteFreezeLeft = (context: Context): Change => freezeIs(context, 'left');

/** Nobody but the guest's own agent can thaw it. */
export function stillFrozenFailure(context: Context): Failure {
  const { name } = foundDomain(context);
  const since = context.frozenSinceEpochMs;
  const when = since === null ? '' : ` (asked for at ${new Date(since).toISOString()})`;
  const cause = context.failure === null ? '' : `. Before that: ${context.failure.message}`;
  const message = `the file systems of ${name} may still be frozen${when}, and its agent does not answer a thaw: try virsh -c ${context.host} domfsthaw ${name}; where its agent is dead, start it on the guest's console, or reset the guest${cause}`;
  return { code: 'guestFrozen', message, effect: 'unknown' };
}

const freezeOf = (context: Context) =>
  ({ kind: 'freeze', host: context.host, path: foundDomain(context).uuid }) as const;

function freezeIs(context: Context, status: Artefact['status']): Change {
  return { artefacts: withArtefact(context.artefacts, { ...freezeOf(context), status }) };
}

function forgetFreeze(context: Context): Change {
  return { artefacts: withoutArtefact(context.artefacts, freezeOf(context)) };
}

const withNote = ({ notes }: Context, note: string): Change => ({ notes: [...notes, note] });
