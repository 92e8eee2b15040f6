import { allowedChange } from '../asked-change.ts';
import type { End } from '../history.ts';
import type { DomainPicture, SeenHost } from '../picture.ts';
import { holderOn, isActive, seenHost, seenHosts } from '../picture.ts';
import type { Rule } from '../rule.ts';

export const othersUntouched: Rule = {
  name: 'othersUntouched',
  invariant: 10,
  says: 'Nothing that another owner made is removed or ended.',
  when: 'end',
  judge: (end) => {
    for (const was of seenHosts(end.before)) {
      const is = seenHost(end.after, was.uri);
      if (is === null) continue;
      const loss = lostDomain(end, was, is) ?? lostVolume(end, was, is) ?? lostSnapshots(end, was);
      if (loss !== null) return `${was.uri}: ${loss}`;
    }
    return null;
  },
};

function lostDomain({ before }: End, was: SeenHost, is: SeenHost): string | null {
  for (const other of was.domains) {
    if (other.uuid === before.domainUuid) continue;
    const now = is.domains.find(({ uuid }) => uuid === other.uuid);
    if (now === undefined) return `${other.name} is gone`;
    const loss = lossOf(other, now);
    if (loss !== null) return `${other.name} ${loss}`;
  }
  return null;
}

function lossOf(was: DomainPicture, is: DomainPicture): string | null {
  if (isActive(was) && !isActive(is)) return `was ${was.state} and is ${is.state} (${is.reason})`;
  if (was.persistent && !is.persistent) return 'has lost its definition';
  if (was.details === null || is.details === null) return null;
  if (was.details.managedSave && !is.details.managedSave && !isActive(is))
    return 'has lost its saved memory';
  return is.details.snapshotCount < was.details.snapshotCount ? 'has lost snapshots' : null;
}

function lostVolume({ run }: End, was: SeenHost, is: SeenHost): string | null {
  // Layers of the domain that are merged: which of them, its disks tell no more.
  if (allowedChange(run).fewerSnapshots) return null;
  const mayGo = (path: string): boolean =>
    run?.asked?.destination !== was.uri &&
    run?.artefacts.some(
      ({ host, path: told, status }) => host === was.uri && told === path && going.has(status),
    ) === true;
  const lost = was.volumes.find((path) => !is.volumes.includes(path) && !mayGo(path));
  return lost === undefined ? null : `the volume ${lost} is gone`;
}

/** What a run tells of the source's disks that it was asked to take away. */
const going: ReadonlySet<string> = new Set(['unwanted', 'removed', 'left']);

/** Snapshots of the domain itself are its owner's, who may ask that they go. */
function lostSnapshots({ before, after, run }: End, { uri }: SeenHost): string | null {
  if (allowedChange(run).fewerSnapshots) return null;
  const was = holderOn(before, uri);
  const is = holderOn(after, uri);
  const loss =
    was === null || is === null || isActive(is) !== isActive(was) ? null : lossOf(was, is);
  return loss === 'has lost snapshots' ? `it ${loss}` : null;
}
