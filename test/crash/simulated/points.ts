import type { Scenario } from './scenario.ts';
import type { Life, Scene, Stop } from './scene.ts';

/** Where the engine's process is killed, once or several times. */
export interface Point {
  readonly scenario: Scenario;
  /** How each of its lives but the last one ends. */
  readonly stops: readonly Stop[];
  /** What was put on record, or called, there. */
  readonly label: string;
}

/**
 * All points of a run that nobody disturbed.
 *
 * @throws Error when it came to something else than its scenario says
 */
export function pointsOf({ scenario, state, outcome, broke, life }: Scene): Point[] {
  if (state !== 'over' || outcome !== scenario.outcome)
    throw new Error(`${scenario.name}, undisturbed: ${broke ?? outcome ?? state}`);
  const point = (stop: Stop, label: string): Point => ({ scenario, stops: [stop], label });
  const commits = life.commits.flatMap((label, at) =>
    (['before', 'after'] as const).map((when) =>
      point({ kind: 'commit', commit: at + 1, when }, labelOf('commit', at + 1, label)),
    ),
  );
  const calls = [...life.calls].flatMap(([call, { label, isAnswered, hasEffect }]) => {
    if (!hasEffect) return [];
    const whens = isAnswered ? (['before', 'taken', 'replied'] as const) : (['before'] as const);
    return whens.map((when) => point({ kind: 'call', call, when }, labelOf('call', call, label)));
  });
  return [...commits, ...calls];
}

const labelOf = (kind: Stop['kind'], number: number, label: string): string =>
  `${kind} ${number}: ${label}`;

/** What a life really came to at its stop; another run has other commits and calls. */
export function labelAt({ commits, calls }: Life, stop: Stop): string {
  return stop.kind === 'commit'
    ? labelOf('commit', stop.commit, commits[stop.commit - 1] ?? 'nothing')
    : labelOf('call', stop.call, calls.get(stop.call)?.label ?? 'nothing');
}

const words: Readonly<Record<Stop['when'], string>> = {
  before: 'before',
  after: 'after',
  taken: 'after it took effect',
  replied: 'after its reply',
};

/** What strikes there, for a person. */
export function faultOf({ stops: [first, ...later] }: Point): string {
  const again = later.map((stop) =>
    stop.kind === 'commit'
      ? `, then ${words[stop.when]} commit ${stop.commit} of the recovery`
      : '',
  );
  return `SIGKILL ${first === undefined ? '' : words[first.when]}${again.join('')}`;
}
