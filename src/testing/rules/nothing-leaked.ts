import { allowedChange } from '../asked-change.ts';
import type { End } from '../history.ts';
import type { Holder, SeenHost } from '../picture.ts';
import {
  describeHolder,
  holderOn,
  holdersOf,
  isIncoming,
  seenHost,
  seenHosts,
} from '../picture.ts';
import type { Rule } from '../rule.ts';
import { claimsOrder } from './one-place.ts';

export const nothingLeaked: Rule = {
  name: 'nothingLeaked',
  invariant: 5,
  says: 'No job, waiting QEMU, half a domain, saved memory, volume, file or claim is left over untold.',
  when: 'end',
  judge: (end) =>
    leakOfClaim(end) ??
    (claimsOrder(end)
      ? (leakOfDomain(end) ?? leakOfVolumes(end) ?? leakOfPromise(end) ?? leakOfRecord(end))
      : null),
};

/** What is told of a claim that may still be there: for an operator, or as nobody could take it away. */
const standing = ['kept', 'expected', 'left'];

/** Whatever the end, a claim of ours that stays is told, for it keeps others off. */
function leakOfClaim({ run, after }: End): string | null {
  if (run === null) return null;
  const left = holdersOf(after).find(
    ({ uri, uuid, details }) =>
      details?.claims.includes(run.runId) === true &&
      !standing.some((status) => toldAs(run, status, uri, uuid)),
  );
  return left === undefined ? null : `the claim of ${run.runId} was left on ${left.uri}`;
}

function leakOfDomain(end: End): string | null {
  for (const holder of holdersOf(end.after)) {
    const before = holderOn(end.before, holder.uri);
    if (isIncoming(holder) && (before === null || !isIncoming(before)))
      return `a QEMU still waits for the guest on ${describeHolder(holder)}`;
    if (holder.job !== null && before?.job !== holder.job)
      return `its ${holder.job} job was left on ${holder.uri}`;
    const jobs = newOf(holder.details?.blockJobs, before?.details?.blockJobs);
    if (jobs.length > 0) return `a block job was left on ${jobs.join(', ')} on ${holder.uri}`;
    const isSaved = holder.details?.managedSave === true && !allowedChange(end.run).savedMemory;
    if (isSaved && before?.details?.managedSave !== true)
      return `its memory was left saved on ${holder.uri}`;
    if (!belongsThere(end, holder, before))
      return `it was left on a host where it does not belong: ${describeHolder(holder)}`;
  }
  return null;
}

function belongsThere({ run }: End, holder: Holder, before: Holder | null): boolean {
  const asked = run?.asked ?? null;
  if (run?.outcome !== 'completed') return before !== null;
  if (asked === null) return true;
  if (holder.uri === asked.destination) return true;
  if (holder.uri !== asked.source) return before !== null;
  return asked.keepSource && holder.persistent;
}

function leakOfVolumes(end: End): string | null {
  for (const host of seenHosts(end.after)) {
    const before = seenHost(end.before, host.uri);
    if (before === null) continue;
    const left = newOf(host.volumes, before.volumes).find((path) => !isWanted(end, host, path));
    if (left !== undefined) return `${left} was left on ${host.uri}`;
  }
  return null;
}

/** A new volume belongs to a domain that is there now, or the run tells that it had to leave it. */
function isWanted({ run }: End, { uri, domains }: SeenHost, path: string): boolean {
  const isUsed = domains.some(
    ({ details }) => details?.definition.disks.some((disk) => disk.path === path) === true,
  );
  // What a workflow on one host makes for somebody else is on its record.
  const isMade =
    run !== null &&
    run.change !== null &&
    run.artefacts.some(
      (made) => made.status === 'made' && made.host === uri && stemOf(made.path) === stemOf(path),
    );
  return isUsed || isMade || toldAs(run, 'left', uri, path);
}

/** What is known of an image lies beside it, under its name. */
function stemOf(path: string): string {
  return path.replace(/\.[^./]*$/, '');
}

/** What may stand or not, by a workflow's own word, nobody else can know of. */
function leakOfRecord({ run }: End): string | null {
  if (run === null || run.change === null) return null;
  const open = run.artefacts.find(
    ({ kind, status }) => kind !== 'claim' && (status === 'expected' || status === 'unwanted'),
  );
  return open === undefined
    ? null
    : `what became of ${open.kind} ${open.path} on ${open.host} is not told: it is ${open.status}`;
}

/** What is told to be gone is gone. */
function leakOfPromise({ run, after }: End): string | null {
  const still = run?.artefacts.find(
    ({ status, host, path }) =>
      status === 'removed' && seenHost(after, host)?.volumes.includes(path) === true,
  );
  return still === undefined ? null : `${still.path} is told to be removed from ${still.host}`;
}

function toldAs(run: End['run'], status: string, host: string, path: string): boolean {
  return (run?.artefacts ?? []).some(
    (artefact) => artefact.status === status && artefact.host === host && artefact.path === path,
  );
}

function newOf(now: readonly string[] = [], before: readonly string[] = []): string[] {
  return now.filter((each) => !before.includes(each));
}
