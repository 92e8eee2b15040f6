import type { DomainListing } from '../../../src/adapters/simulated/index.ts';
import { judgeRecording, readChange } from '../../../src/testing/index.ts';
import type { End, Sight } from './end.ts';
import type { OneHostScenario, Wanted } from './scenario.ts';

/** What must not be after a workflow on one host. */
export function judgeOneHost(scenario: OneHostScenario, end: End): string[] {
  if (end.outcome === 'needsOperator') return [];
  return [
    ...judgeGuest(scenario, end),
    ...judgeTicks(scenario, end),
    ...judgeData(end),
    ...judgeImages(scenario, end),
    ...judgeRecord(end),
    ...judgeInvariants(scenario, end),
  ];
}

/** The invariants, judged as the monitor does. */
function judgeInvariants({ run }: OneHostScenario, { told, before, after }: End): string[] {
  const { machine, input } = run;
  const { atEpochMs } = before.picture;
  const change = readChange(machine, input);
  const violations = judgeRecording({
    before: before.picture,
    entries: [
      ...(change === null
        ? []
        : [{ kind: 'askedChange', runId: 'run', atEpochMs, change } as const]),
      ...told,
    ],
    settlement: { after: after.picture, ticks: after.ticks },
  });
  return violations.map(({ rule, found }) => `${rule}: ${found}`);
}

/** What the guest is to be: as it was, but for what was asked. */
function judgeGuest(scenario: OneHostScenario, end: End): string[] {
  const [was, is] = [guestIn(end.before), guestIn(end.after)];
  if (was === null || is === null) return ['the host has no such guest'];
  const expected = { ...shown(was), ...guestWanted(wantedOf(scenario, end).guest ?? {}) };
  const found = shown(is);
  return Object.entries(expected).flatMap(([what, value]) => {
    const now: unknown = Reflect.get(found, what);
    const [wanted, seen] = [JSON.stringify(value), JSON.stringify(now)];
    return wanted === seen ? [] : [`its ${what} is ${seen} instead of ${wanted}`];
  });
}

function shown(guest: DomainListing) {
  const { state, persistent, frozen, managedSave, snapshotCount, disks, devices } = guest;
  return {
    state,
    persistent,
    frozen,
    managedSave,
    snapshotCount,
    tops: disks.map(({ path }) => untimed(path ?? '')),
    devices: devices.map(({ place }) => place).toSorted(),
  };
}

const guestWanted = (guest: Partial<Wanted['guest']>) => ({
  ...guest,
  // What is off has nothing that could be taken out of it.
  ...(guest.state === 'shutoff' ? { devices: [] } : {}),
});

function wantedOf(scenario: OneHostScenario, { after, outcome }: End): Partial<Wanted> {
  if (outcome === 'completed') return scenario.wanted;
  const { wentBack } = scenario;
  const tops = (guestIn(after)?.disks ?? []).map(({ path }) => untimed(path ?? ''));
  const isBack = outcome === 'rolledBack' && tops.join() === wentBack?.guest?.tops?.join();
  return isBack ? wentBack : {};
}

const guestIn = ({ listing }: Sight): DomainListing | null => listing[0]?.domains[0] ?? null;

/** It counts on from where it stood, whatever it stood still for. */
function judgeTicks(scenario: OneHostScenario, end: End): string[] {
  const { after, before } = end;
  const { ticks } = after;
  if (scenario.wanted.past === true) {
    const now = ticks.at(-1)?.firstTick ?? 0;
    const then = (before.ticks[0]?.lastTick ?? 0) + 1;
    const isBack = end.outcome !== 'completed' && now > (lastTickIn(before) ?? 0);
    if (isBack || (end.outcome === 'completed' && now === then)) return [];
    if (end.outcome === 'completed') return [`it goes on with tick ${now} instead of ${then}`];
  }
  return ticks.slice(1).flatMap(({ firstTick }, at) => {
    const next = (ticks[at]?.lastTick ?? 0) + 1;
    return firstTick === next ? [] : [`tick ${firstTick} came instead of ${next}`];
  });
}

/** Whatever it wrote stands on its disks. */
function judgeData({ after }: End): string[] {
  const last = lastTickIn(after);
  return (guestIn(after)?.disks ?? []).flatMap(({ path, targetDev }) => {
    const held = tickOf(after, path ?? '');
    return held === last ? [] : [`${targetDev} holds tick ${held} instead of ${last}`];
  });
}

/** Of a moment within the run, the host's own time without us included. */
function judgeImages(scenario: OneHostScenario, end: End): string[] {
  const [earliest, latest] = [lastTickIn(end.before), lastTickIn(end.after)];
  return (wantedOf(scenario, end).images ?? []).flatMap((path) => {
    const tick = tickOf(end.after, path);
    const isWithin = (tick ?? 0) >= (earliest ?? 0) && (tick ?? 0) <= (latest ?? 0);
    return isWithin ? [] : [`${path} is of tick ${tick}, not between ${earliest} and ${latest}`];
  });
}

const tickOf = ({ files }: Sight, path: string): number | null =>
  files.find((file) => file.path === path)?.lastTick ?? null;

/** `null`: it has never made one. */
function lastTickIn({ ticks }: Sight): number | null {
  const last = ticks.at(-1)?.lastTick ?? 0;
  return last === 0 ? null : last;
}

const fileKinds: ReadonlySet<string> = new Set(['image', 'delta', 'overlay', 'volume', 'memory']);

/** What the run tells of its artefacts is true, and nothing is left open. */
function judgeRecord({ artefacts, after }: End): string[] {
  const guest = guestIn(after);
  const stands = (path: string): boolean =>
    path === guest?.uuid ? guest.managedSave : after.files.some((file) => file.path === path);
  return artefacts.flatMap(({ kind, path, status }) => {
    const thing = `${kind} ${path}`;
    if (status === 'expected' || status === 'unwanted' || status === 'left')
      return [`${thing} is told to be ${status}`];
    if (!fileKinds.has(kind)) return [];
    if (status === 'removed') return stands(path) ? [`${thing} is told to be removed`] : [];
    return stands(path) ? [] : [`${thing} is told to be ${status}, and is not there`];
  });
}

/** Block jobs, and files that nobody asked for; files that are gone are no less wrong. */
export function leaksOnHost(scenario: OneHostScenario, end: End): string[] {
  const { before, after } = end;
  const { made = [], gone = [] } = wantedOf(scenario, end);
  const stood = before.files.map(({ path }) => path).filter((path) => !gone.includes(path));
  const wanted = new Set([...stood, ...made]);
  const found = after.files.map(({ path }) => untimed(path));
  const jobs = (guestIn(after)?.disks ?? []).flatMap(({ blockJob, targetDev }) =>
    blockJob === null ? [] : [`${blockJob} job on ${targetDev}`],
  );
  return [
    ...jobs,
    ...found
      .filter((path, at) => !wanted.has(path) || found.indexOf(path) < at)
      .map((path) => `file ${path}`),
    ...[...wanted].filter((path) => !found.includes(path)).map((path) => `nothing at ${path}`),
  ];
}

/** libvirt names a new overlay by the second in which it makes it. */
const untimed = (path: string): string => path.replace(/\.\d{10}$/, '.now');
