import type { ContextChange, StartedActor } from '../frame.ts';
import type { Step } from './wire.ts';

/** An effect, a watch or a child machine under way. */
export interface UnderWay extends StartedActor {
  readonly run: string;
  readonly of: string;
  readonly sinceMs: number;
}

/** One run of a family at one moment. */
export interface Member {
  readonly run: string;
  readonly machine: string;
  readonly version: string;
  /** Innermost active states, each with when it was entered. */
  readonly states: ReadonlyMap<string, number>;
  /** Every state in which it ever stood, innermost only. */
  readonly visited: ReadonlySet<string>;
  /** `null`: it cannot be told. */
  readonly context: Readonly<Record<string, unknown>> | null;
  /** It has ended, or was left by the one that started it. */
  readonly isOver: boolean;
}

/** A family after one step. Immutable: what a step leaves as it was is shared with the one before. */
export interface Moment {
  readonly step: Step;
  /** In the order of their beginning: the first is the run at the top. */
  readonly members: ReadonlyMap<string, Member>;
  readonly underWay: ReadonlyMap<string, UnderWay>;
  /** States that this step left. */
  readonly left: readonly string[];
}

/** A run from its beginning to the last step that is known. */
export class Story {
  readonly moments: Moment[] = [];

  /** A log that begins again is another log. */
  add(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.seq === 1) this.moments.length = 0;
      if (step.seq !== this.moments.length + 1) continue;
      this.moments.push(momentAfter(this.moments.at(-1) ?? null, step));
    }
  }

  get beganAtMs(): number {
    return this.moments[0]?.step.at ?? 0;
  }
}

function momentAfter(before: Moment | null, step: Step): Moment {
  const known = before?.members.get(step.run);
  const member = memberAfter(known, step);
  const members = new Map(before?.members ?? []).set(step.run, member);
  for (const key of step.ended) {
    const ended = members.get(key);
    if (ended !== undefined) members.set(key, { ...ended, isOver: true });
  }
  const underWay = new Map(before?.underWay ?? []);
  for (const key of step.ended) underWay.delete(key);
  for (const actor of step.started)
    underWay.set(actor.key, { ...actor, run: step.run, of: step.machine, sinceMs: step.at });
  const left = [...(known?.states.keys() ?? [])].filter((state) => !member.states.has(state));
  return { step, members, underWay, left };
}

function memberAfter(before: Member | undefined, step: Step): Member {
  const { at, changes, machine, run, states, version } = step;
  const isUntold = changes === null || before?.context === null;
  return {
    run,
    machine,
    version,
    states: new Map(states.map((state) => [state, before?.states.get(state) ?? at])),
    visited: states.every((state) => before?.visited.has(state))
      ? (before?.visited ?? new Set())
      : new Set([...(before?.visited ?? []), ...states]),
    context: isUntold ? null : changes.reduce(withChange, before?.context ?? {}),
    isOver: step.over,
  };
}

function withChange(
  context: Readonly<Record<string, unknown>>,
  change: ContextChange,
): Readonly<Record<string, unknown>> {
  const [name, ...rest] = change.path;
  if (name === undefined) return 'gone' in change ? {} : asRecord(change.value);
  if (rest.length > 0) {
    const inner = withChange(asRecord(context[name]), { ...change, path: rest });
    return { ...context, [name]: inner };
  }
  if (!('gone' in change)) return { ...context, [name]: change.value };
  return Object.fromEntries(Object.entries(context).filter(([key]) => key !== name));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
