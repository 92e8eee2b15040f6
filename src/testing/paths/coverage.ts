import { PathError } from './path-error.ts';
import type { Route } from './search.ts';
import type { Target } from './targets.ts';

/** How much of one kind the paths reach. */
export interface Share {
  readonly reached: number;
  readonly all: number;
}

/** Something that no path reaches. */
export interface Gap {
  readonly kind: Target['kind'];
  readonly name: string;
  /** As the alphabet has it where it is an exception, else what the search found out. */
  readonly reason: string;
  readonly isException: boolean;
}

/** What the paths reach of one chart. */
export interface Coverage {
  /** The machine's id; of a child in a composition with the ids above it. */
  readonly chart: string;
  readonly states: Share;
  readonly transitions: Share;
  readonly failures: Share;
  readonly gaps: readonly Gap[];
}

/** So much of a chart may be an exception. */
const exceptionsMax = 0.02;

interface Reached {
  readonly targets: readonly Target[];
  readonly routes: ReadonlyMap<Target, Route>;
  readonly except: Readonly<Record<string, string>>;
  readonly reasonOf: (target: Target) => string;
}

export function coverageOf({ except, reasonOf, routes, targets }: Reached): Coverage[] {
  const charts = Map.groupBy(targets, ({ chart }) => chart);
  return [...charts].map(([chart, own]) => {
    const share = (kind: Target['kind']): Share => {
      const ofKind = own.filter((target) => target.kind === kind);
      return { reached: ofKind.filter((target) => routes.has(target)).length, all: ofKind.length };
    };
    const gaps = own
      .filter((target) => !routes.has(target))
      .map((target): Gap => {
        const reason = except[exceptionName(target)];
        const { kind, name } = target;
        return {
          kind,
          name,
          reason: reason ?? reasonOf(target),
          isException: reason !== undefined,
        };
      });
    const [states, transitions, failures] = [share('state'), share('transition'), share('failure')];
    return { chart, states, transitions, failures, gaps };
  });
}

/** As an exception names it: in a composition with the chart before it. */
export function exceptionName({ chart, name }: Target): string {
  return chart.includes('/') ? `${chart.slice(chart.indexOf('/') + 1)}: ${name}` : name;
}

/** @throws {PathError} where exceptions name what is reached, or what the chart has not */
export function checkExceptions({ except, routes, targets }: Omit<Reached, 'reasonOf'>): void {
  const open = new Set(
    targets.filter((target) => !routes.has(target)).map((target) => exceptionName(target)),
  );
  const stale = Object.keys(except).filter((name) => !open.has(name));
  if (stale.length > 0)
    throw new PathError(
      'staleException',
      `exceptions that a path reaches, or that the chart has not: ${stale.join('; ')}`,
    );
}

/** @throws {PathError} with every state, transition and failure pair that no path reaches, and why */
export function requireCoverage(coverages: readonly Coverage[]): void {
  for (const { chart, failures, gaps, states, transitions } of coverages) {
    const open = gaps.filter(({ isException }) => !isException);
    if (open.length > 0) {
      const lines = open.map(({ kind, name, reason }) => `  ${kind} ${name}: ${reason}`);
      throw new PathError('unreached', `${chart}: no path leads to\n${lines.join('\n')}`);
    }
    const all = states.all + transitions.all + failures.all;
    if (gaps.length > all * exceptionsMax)
      throw new PathError(
        'tooManyExceptions',
        `${chart}: ${gaps.length} exceptions of ${all} are more than ${exceptionsMax * 100} %`,
      );
  }
}

/** For a person: one line for each chart, and one for each gap. */
export function formatCoverage(coverages: readonly Coverage[]): string {
  return coverages
    .flatMap(({ chart, failures, gaps, states, transitions }) => [
      `${chart}: states ${inPercent(states)}, transitions ${inPercent(transitions)}, failure pairs ${inPercent(failures)}`,
      ...gaps.map(({ kind, name, reason }) => `  ${kind} ${name}: ${reason}`),
    ])
    .join('\n');
}

function inPercent({ all, reached }: Share): string {
  return `${reached}/${all} (${all === 0 ? 100 : Math.floor((100 * reached) / all)} %)`;
}
