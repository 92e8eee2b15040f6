import type { HostListing } from '../../../src/adapters/simulated/index.ts';
import { judgeRecording } from '../../../src/testing/index.ts';
import type { End } from './end.ts';
import type { MigrationScenario } from './scenario.ts';

/** What must not be after a migration. */
export function judgeMigration(scenario: MigrationScenario, end: End): string[] {
  return [...judgePlaces(scenario, end), ...judgeCopies(end), ...judgeInvariants(scenario, end)];
}

/** Where the guest is, as its daemons tell. */
function judgePlaces({ domain }: MigrationScenario, { before, after, outcome }: End): string[] {
  if (outcome === 'needsOperator') return [];
  const state = domain.state ?? 'running';
  const expected =
    outcome === 'completed' ? [`hostB ${state} persistent`] : shownIn(before.listing);
  const shown = shownIn(after.listing);
  if (shown.join() === expected.join()) return [];
  return [`it is ${shown.join(', ') || 'nowhere'} instead of ${expected.join(', ')}`];
}

function shownIn(listing: readonly HostListing[]): string[] {
  return listing.flatMap(({ name: at, domains }) =>
    domains.map(
      ({ state, persistent }) => `${at} ${state} ${persistent ? 'persistent' : 'transient'}`,
    ),
  );
}

/** Two copies never ran at once, not for a moment. */
function judgeCopies({ after: { ticks } }: End): string[] {
  return ticks.slice(1).flatMap((span, at) => {
    const before = ticks[at];
    if (before === undefined || (before.toEpochMs ?? Infinity) <= span.fromEpochMs) return [];
    return [`two copies ran, on ${before.host} and on ${span.host}`];
  });
}

/** The invariants of every migration, judged as the monitor does. */
function judgeInvariants({ input }: MigrationScenario, { told, before, after }: End): string[] {
  const { source, destination, offline, options } = input;
  const { keepSource, persistence } = options;
  const asked = { source, destination, offline, keepSource, persistence, redefines: false };
  const { atEpochMs } = before.picture;
  const violations = judgeRecording({
    before: before.picture,
    entries: [{ kind: 'asked', runId: 'run', atEpochMs, asked }, ...told],
    settlement: { after: after.picture, ticks: after.ticks },
  });
  return violations.map(({ rule, found }) => `${rule}: ${found}`);
}

/** Volumes that belong nowhere, and a disk that was torn. */
export function leaksOfMigration(scenario: MigrationScenario, end: End): string[] {
  const { before, after, outcome } = end;
  const wanted = wantedVolumes(scenario, before.listing, outcome);
  const volumes = volumesIn(after.listing).filter((at) => !wanted.has(at));
  const [content] = before.disks;
  const torn = after.disks.some((each) => each !== null && each !== content);
  return [
    ...volumes.map((at) => `volume ${at}`),
    ...(torn ? ['a disk that is not what it was'] : []),
  ];
}

function volumesIn(listing: readonly HostListing[]): string[] {
  return listing.flatMap(({ name, volumes }) => volumes.map(({ path }) => `${name}${path}`));
}

function wantedVolumes(
  { input }: MigrationScenario,
  before: readonly HostListing[],
  outcome: End['outcome'],
): ReadonlySet<string> {
  const stood = volumesIn(before);
  const isCopied = outcome === 'completed' && input.options.copyStorage !== 'none';
  const made = isCopied ? stood.map((at) => at.replace('hostA', 'hostB')) : [];
  return new Set([...stood, ...made]);
}
