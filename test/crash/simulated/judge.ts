import type { End } from './end.ts';
import { judgeMigration, leaksOfMigration } from './judge-migration.ts';
import { judgeOneHost, leaksOnHost } from './judge-one-host.ts';
import type { Scenario } from './scenario.ts';

/** Everything that is wrong with an end; empty: nothing. */
export function judgeEnd(scenario: Scenario, end: End): string[] {
  return [
    ...judgeOutcome(scenario, end),
    ...(scenario.kind === 'migration'
      ? judgeMigration(scenario, end)
      : judgeOneHost(scenario, end)),
    ...leaksOf(scenario, end).map((leak) => `leaked: ${leak}`),
  ];
}

/** Interrupted, it comes to what the calls that arrived have decided. */
function judgeOutcome(
  { also, decisive, outcome: undisturbed }: Scenario,
  { outcome, failure, arrived }: End,
): string[] {
  const isDecided = decisive === 'any' || (decisive !== null && arrived.has(decisive.call));
  const expected = outcome === 'notBegun' ? outcome : isDecided ? undisturbed : 'rolledBack';
  const shown = failure === null ? outcome : `${outcome} ${failure.code}`;
  if (outcome === expected || also.includes(shown)) return [];
  return [`it ended ${shown} instead of ${expected}: ${failure?.message ?? 'without a reason'}`];
}

/** What is left over of a run that is over. */
export function leaksOf(scenario: Scenario, end: End): string[] {
  // Whoever is called finds what there is, and is told so.
  if (end.outcome === 'needsOperator') return [...end.remains];
  const guests = end.after.listing.flatMap(({ name: at, domains }) =>
    domains.map((domain) => ({ at, ...domain })),
  );
  const jobs = guests.flatMap(({ at, job }) =>
    job === null ? [] : [`job ${job.operation} on ${at}`],
  );
  const claims = guests.flatMap(({ at, claims: runs }) =>
    runs.map((run) => `claim of ${run} on ${at}`),
  );
  const special =
    scenario.kind === 'migration' ? leaksOfMigration(scenario, end) : leaksOnHost(scenario, end);
  return [...jobs, ...claims, ...special, ...end.remains];
}
