import type { HostListing, TickSpan } from '../../../src/adapters/simulated/index.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { Entry } from '../../../src/testing/index.ts';
import type { WorldPicture } from '../../../src/testing/index.ts';
import { judgeRecording } from '../../../src/testing/index.ts';
import type { Outcome, Scenario } from './scenarios.ts';

/** A world and a run as they are when everything is over. */
export interface End {
  readonly scenario: Scenario;
  /** `notBegun`: nothing of it was ever on record. */
  readonly outcome: Outcome | 'notBegun';
  readonly failure: Pick<Failure, 'code' | 'message'> | null;
  /** What the run told of itself in all its lives. */
  readonly told: readonly Entry[];
  /** Names of the calls that have reached their daemon. */
  readonly arrived: ReadonlySet<string>;
  readonly before: readonly HostListing[];
  readonly after: readonly HostListing[];
  readonly pictures: { readonly before: WorldPicture; readonly after: WorldPicture };
  readonly ticks: readonly TickSpan[];
  /** Of the disk on each host, where it has one; the same for the same bytes. */
  readonly disks: { readonly before: string | null; readonly after: readonly (string | null)[] };
  /** What the store holds of the run. */
  readonly remains: readonly string[];
}

/** Everything that is wrong with an end; empty: nothing. */
export function judgeEnd(end: End): string[] {
  return [
    ...judgeOutcome(end),
    ...judgePlaces(end),
    ...judgeCopies(end),
    ...judgeInvariants(end),
    ...leaksOf(end).map((leak) => `leaked: ${leak}`),
  ];
}

/** Interrupted, it comes to what the calls that arrived have decided. */
function judgeOutcome({ scenario, outcome, failure, arrived }: End): string[] {
  const { decisive, also } = scenario;
  const isDecided = decisive !== null && arrived.has(decisive);
  const expected = outcome === 'notBegun' ? outcome : isDecided ? scenario.outcome : 'rolledBack';
  const shown = failure === null ? outcome : `${outcome} ${failure.code}`;
  if (outcome === expected || also.includes(shown)) return [];
  return [`it ended ${shown} instead of ${expected}: ${failure?.message ?? 'without a reason'}`];
}

/** Where the guest is, as its daemons tell. */
function judgePlaces({ before, after, outcome, scenario }: End): string[] {
  if (outcome === 'needsOperator') return [];
  const state = scenario.domain.state ?? 'running';
  const expected = outcome === 'completed' ? [`hostB ${state} persistent`] : shownIn(before);
  const shown = shownIn(after);
  if (shown.join() === expected.join()) return [];
  return [`it is ${shown.join(', ') || 'nowhere'} instead of ${expected.join(', ')}`];
}

function placesOf(listing: readonly HostListing[]) {
  return listing.flatMap(({ name: at, domains }) => domains.map((domain) => ({ at, ...domain })));
}

function shownIn(listing: readonly HostListing[]): string[] {
  return placesOf(listing).map(
    ({ at, state, persistent }) => `${at} ${state} ${persistent ? 'persistent' : 'transient'}`,
  );
}

/** Two copies never ran at once, not for a moment. */
function judgeCopies({ ticks }: End): string[] {
  return ticks.slice(1).flatMap((span, at) => {
    const before = ticks[at];
    if (before === undefined || (before.toEpochMs ?? Infinity) <= span.fromEpochMs) return [];
    return [`two copies ran, on ${before.host} and on ${span.host}`];
  });
}

/** The invariants of every migration, judged as the monitor does. */
function judgeInvariants({ told, pictures, ticks, scenario }: End): string[] {
  const { before, after } = pictures;
  const { source, destination, offline, options } = scenario.input;
  const { keepSource, persistence } = options;
  const asked = { source, destination, offline, keepSource, persistence, redefines: false };
  const violations = judgeRecording({
    before,
    entries: [{ kind: 'asked', runId: 'run', atEpochMs: before.atEpochMs, asked }, ...told],
    settlement: { after, ticks },
  });
  return violations.map(({ rule, found }) => `${rule}: ${found}`);
}

/** What is left over of a run that is over. */
export function leaksOf({ after, before, outcome, disks, scenario, remains }: End): string[] {
  // Whoever is called finds what there is, and is told so.
  if (outcome === 'needsOperator') return [...remains];
  const jobs = placesOf(after).flatMap(({ at, job }) =>
    job === null ? [] : [`job ${job.operation} on ${at}`],
  );
  const claims = placesOf(after).flatMap(({ at, claims: runs }) =>
    runs.map((run) => `claim of ${run} on ${at}`),
  );
  const volumes = volumesIn(after).filter(
    (at) => !wantedVolumes(before, outcome, scenario).has(at),
  );
  const torn = disks.after.some((content) => content !== null && content !== disks.before);
  return [
    ...jobs,
    ...claims,
    ...volumes.map((at) => `volume ${at}`),
    ...(torn ? ['a disk that is not what it was'] : []),
    ...remains,
  ];
}

function volumesIn(listing: readonly HostListing[]): string[] {
  return listing.flatMap(({ name, volumes }) => volumes.map(({ path }) => `${name}${path}`));
}

function wantedVolumes(
  before: readonly HostListing[],
  outcome: End['outcome'],
  { input }: Scenario,
): ReadonlySet<string> {
  const stood = volumesIn(before);
  const isCopied = outcome === 'completed' && input.options.copyStorage !== 'none';
  const made = isCopied ? stood.map((at) => at.replace('hostA', 'hostB')) : [];
  return new Set([...stood, ...made]);
}
