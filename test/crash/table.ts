import type { Row } from './row.ts';

/** The line that tells all of it: for the README. */
export function summaryLine(rows: readonly Row[]): string {
  const recovered = rows.filter(({ wrong }) => wrong.length === 0).length;
  const count = (outcome: string): number => rows.filter((row) => row.outcome === outcome).length;
  const leaks = rows.filter((row) => row.leaks.length > 0).length;
  return [
    `${rows.length} points`,
    `${recovered} recovered`,
    `${count('completed')} completed`,
    `${count('rolledBack')} rolled back`,
    `${count('notBegun')} never begun`,
    `${count('needsOperator')} left to an operator`,
    `${leaks} with leaks`,
  ].join(', ');
}

const cells = (values: readonly (string | number)[]): string => `| ${values.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [cells(head), cells(head.map(() => '---')), ...rows.map(cells)].join('\n');
}

const seconds = (recoverS: number | null): string =>
  recoverS === null ? '-' : recoverS.toFixed(1);

/** The whole matrix as a document. */
export function toDocument(rows: readonly Row[]): string {
  const byScenario = [...Map.groupBy(rows, ({ scenario }) => scenario)];
  return [
    '# Crash matrix',
    '',
    'Written by `npm run crash-matrix`. A real process that drives a run on a simulated world is killed',
    'with SIGKILL at every commit and around every call that the undisturbed run makes; another process',
    'recovers the run from its SQLite file. Seconds are those of the simulated hosts, which are left alone',
    'for 0.02 s or 20 s, in turn, before anybody recovers.',
    '',
    `**${summaryLine(rows)}**`,
    '',
    table(
      [
        'machine',
        'way',
        'points',
        'completed',
        'rolled back',
        'never begun',
        'operator',
        'slowest recovery, s',
        'leaks',
        'wrong',
      ],
      byScenario.map(([scenario, of]) => summaryOf(scenario, of)),
    ),
    ...byScenario.map(([scenario, of]) => section(scenario, of)),
    '',
  ].join('\n');
}

function summaryOf(scenario: string, rows: readonly Row[]): (string | number)[] {
  const count = (outcome: string): number => rows.filter((row) => row.outcome === outcome).length;
  return [
    rows[0]?.machine ?? '',
    scenario,
    rows.length,
    count('completed'),
    count('rolledBack'),
    count('notBegun'),
    count('needsOperator'),
    seconds(Math.max(0, ...rows.map(({ recoverS }) => recoverS ?? 0))),
    rows.filter(({ leaks }) => leaks.length > 0).length,
    rows.filter(({ wrong }) => wrong.length > 0).length,
  ];
}

function section(scenario: string, rows: readonly Row[]): string {
  const lines = rows.map(({ point, fault, outcome, recoverS, leaks, wrong }) => [
    point,
    fault,
    outcome,
    seconds(recoverS),
    leaks.join('; ') || '-',
    ...(wrong.length > 0 ? [wrong.join('; ')] : []),
  ]);
  const head = ['point', 'fault', 'outcome', 'recovered in, s', 'leaks'];
  return ['', `## ${scenario}`, '', table(head, lines)].join('\n');
}
