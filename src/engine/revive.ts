import type { StoredRun, TakenOver } from '../ports/run-store.ts';
import { toFailure } from '../ports/failure.ts';
import { ActiveRun } from './active-run.ts';
import { Family } from './family.ts';
import type { RegisteredMachine } from './registry.ts';
import type { InFlight } from './snapshot-check.ts';
import { checkSnapshot } from './snapshot-check.ts';

/** One run as it stood, with what it has in flight and nothing of it started. */
export interface RevivedRun {
  readonly run: ActiveRun;
  readonly inFlight: InFlight;
  /** Its record is of an earlier version: the new one has to go on record first. */
  readonly isUpgraded: boolean;
}

export type Revival =
  | { readonly fits: true; readonly family: Family; readonly runs: readonly RevivedRun[] }
  | { readonly fits: false; readonly reasons: readonly string[] };

/** A whole family from its record, or why it fits no machine; nothing has run, nothing is changed. */
export function revive(
  { rootId, runs }: TakenOver,
  machines: ReadonlyMap<string, RegisteredMachine>,
): Revival {
  const top = runs.find(({ record }) => record.id === rootId)?.record;
  if (top === undefined) return { fits: false, reasons: ['the run at the top is not on record'] };
  const family = new Family(top);
  const reasons: string[] = [];
  const revived = runs.flatMap((stored) => {
    const one = reviveRun(family, stored, machines);
    if ('run' in one) return [one];
    reasons.push(...one.reasons.map((reason) => `${stored.record.id}: ${reason}`));
    return [];
  });
  if (reasons.length > 0) return { fits: false, reasons };
  for (const { run } of revived) family.runs.set(run.id, run);
  for (const { run, inFlight } of revived) reasons.push(...tieChildren(run, inFlight));
  for (const { run } of revived) if (!isTied(run)) reasons.push(`nobody invokes run ${run.id}`);
  return reasons.length > 0 ? { fits: false, reasons } : { fits: true, family, runs: revived };
}

function reviveRun(
  family: Family,
  stored: StoredRun,
  machines: ReadonlyMap<string, RegisteredMachine>,
): RevivedRun | { readonly reasons: readonly string[] } {
  const { record, timers } = stored;
  const machine = machines.get(record.machine);
  if (machine === undefined) return { reasons: [`there is no machine ${record.machine} here`] };
  const upgraded = upgrade(record.snapshot, record.version, machine);
  if ('reason' in upgraded) return { reasons: [upgraded.reason] };
  const verdict = checkSnapshot(machine, upgraded.snapshot, stored);
  if (!verdict.fits) return { reasons: verdict.reasons };
  const { id, parent, startedAtEpochMs, entries } = record;
  const run = new ActiveRun({ id, family, machine, parent, startedAtEpochMs, entries });
  try {
    run.snapshot = machine.stepper.restore(verdict.snapshot);
  } catch (error) {
    return { reasons: [toFailure(error).message] };
  }
  for (const { id: timerId, ...timer } of timers)
    run.timers.set(timerId, { ...timer, disarm: null });
  return { run, inFlight: verdict.inFlight, isUpgraded: record.version !== machine.version };
}

/** Version by version, each by its registered upgrade. */
export function upgrade(
  snapshot: unknown,
  from: string,
  { id, version, upgrades }: RegisteredMachine,
): { readonly snapshot: unknown } | { readonly reason: string } {
  let upgraded = snapshot;
  if (Number(from) > Number(version))
    return {
      reason: `it was recorded by version ${from} of ${id}, and this is version ${version}`,
    };
  for (let next = Number(from) + 1; next <= Number(version); next += 1) {
    const step = upgrades[String(next)];
    if (step === undefined)
      return {
        reason: `it was recorded by version ${from} of ${id}, this is version ${version}, and no upgrade to ${next} is registered`,
      };
    try {
      upgraded = step(upgraded);
    } catch (error) {
      return {
        reason: `the upgrade of ${id} to version ${next} failed: ${toFailure(error).message}`,
      };
    }
  }
  return { snapshot: upgraded };
}

/** Effects and watches get their key back, child machines their run. */
function tieChildren(run: ActiveRun, inFlight: InFlight): string[] {
  return inFlight.flatMap(({ id, src }) => {
    const key = run.keyOf(id);
    const machine = run.machine.children[src];
    if (machine === undefined) {
      run.actors.set(id, { key, abort: new AbortController() });
      return [];
    }
    const child = run.family.runs.get(key);
    if (child === undefined) return [`${run.id}: its child ${key} is not on record`];
    if (child.machine !== machine)
      return [`${key}: it is a ${child.machine.id}, not a ${machine.id}`];
    run.children.set(id, child);
    return [];
  });
}

function isTied({ id, family, parent }: ActiveRun): boolean {
  if (parent === null) return id === family.id;
  return family.runs.get(parent.runId)?.children.get(parent.invokeId)?.id === id;
}
