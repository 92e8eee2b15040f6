import { format, resolveConfig } from 'prettier';

import type { LabRow } from './lab-rows.ts';
import type { Row } from './row.ts';

/** The line that tells all of it: for the README. */
export function summaryLine(rows: readonly Row[]): string {
  const recovered = rows.filter(({ wrong }) => wrong.length === 0).length;
  const leaks = rows.filter((row) => row.leaks.length > 0).length;
  return [
    `${rows.length} points`,
    `${recovered} recovered`,
    `${countOf(rows, 'completed')} completed`,
    `${countOf(rows, 'rolledBack')} rolled back`,
    `${countOf(rows, 'notBegun')} never begun`,
    `${countOf(rows, 'needsOperator')} left to an operator`,
    `${leaks} with leaks`,
  ].join(', ');
}

export interface Matrix {
  readonly once: readonly Row[];
  /** Their recovery was killed, too. */
  readonly twice: readonly Row[];
  readonly lab: readonly LabRow[];
}

const intro = `
Written by \`npm run crash-matrix\`. A real process that drives a run on a simulated world is killed with
SIGKILL at every commit and around every call that the undisturbed run makes, and another process recovers
the run from its SQLite file. Seconds are those of the simulated hosts, from the beginning of the recovery
to the end of the run; the hosts are left alone for 0.02 s or 400 s, in turn, before anybody recovers.
An operator is called only in a post-copy that we drive: what our death leaves of it before the destination
runs cannot be resumed (libvirt 9.0).
Of the workflows on one host everything is struck here and in the nightly suite, and a third of the points
every day. One that is rolled back was at something that nobody can tell whether it was done, and that is not
done twice blindly.
`;

/** The whole matrix as a document, as prettier would have it. */
export async function toDocument({ once, twice, lab }: Matrix, path: string): Promise<string> {
  const text = [
    '# Crash matrix',
    intro,
    `**${summaryLine([...once, ...twice])}**`,
    '## Killed once',
    summaries(once),
    '## Killed again while it recovers',
    'Before and after each of the first commits of the recovery, for a fixed sample of the points.',
    summaries(twice),
    '## On the lab',
    'Real daemons and guests; each kill is proven to hit its phase by what the daemons themselves keep.',
    table(
      ['machine', 'phase', 'fault', 'outcome', 'recovered in, s'],
      lab.map(({ machine, phase, fault, outcome, recoverS }) => [
        machine,
        phase,
        fault,
        outcome,
        seconds(recoverS),
      ]),
    ),
    ...[...Map.groupBy(once, ({ scenario }) => scenario)].map(([scenario, rows]) =>
      section(scenario, rows),
    ),
  ].join('\n\n');
  return format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
}

const countOf = (rows: readonly Row[], outcome: string): number =>
  rows.filter((row) => row.outcome === outcome).length;

const cells = (values: readonly (string | number)[]): string => `| ${values.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [cells(head), cells(head.map(() => '---')), ...rows.map(cells)].join('\n');
}

const seconds = (recoverS: number | null): string => recoverS?.toFixed(1) ?? '-';

function summaries(rows: readonly Row[]): string {
  const head = ['machine', 'way', 'points', 'completed', 'rolled back', 'never begun'];
  return table(
    [...head, 'operator', 'slowest recovery, s', 'leaks', 'wrong'],
    [...Map.groupBy(rows, ({ scenario }) => scenario)].map(([scenario, of]) => [
      of[0]?.machine ?? '',
      scenario,
      of.length,
      ...['completed', 'rolledBack', 'notBegun', 'needsOperator'].map((each) => countOf(of, each)),
      seconds(Math.max(0, ...of.map(({ recoverS }) => recoverS ?? 0))),
      of.filter(({ leaks }) => leaks.length > 0).length,
      of.filter(({ wrong }) => wrong.length > 0).length,
    ]),
  );
}

/** One line for each commit and each call: what came of a kill before it, at it and after it. */
function section(scenario: string, rows: readonly Row[]): string {
  const lines = [...Map.groupBy(rows, ({ point }) => point)].map(([point, struck]) => {
    const cell = (faults: readonly string[]): string => {
      const row = struck.find(({ fault }) => faults.includes(fault));
      if (row === undefined) return '';
      const bad = [...row.leaks, ...row.wrong].join('; ');
      return [row.outcome, row.recoverS === null ? '' : `${seconds(row.recoverS)} s`, bad]
        .filter((part) => part !== '')
        .join(', ');
    };
    return [
      point,
      cell(['SIGKILL before']),
      cell(['SIGKILL after it took effect']),
      cell(['SIGKILL after', 'SIGKILL after its reply']),
    ];
  });
  const head = ['point', 'killed before it', 'when it took effect', 'after it'];
  return `## Every point of: ${scenario}\n\n${table(head, lines)}`;
}
