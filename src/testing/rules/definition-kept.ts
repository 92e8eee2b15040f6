import { isDeepStrictEqual } from 'node:util';

import { allowedChange } from '../asked-change.ts';
import type { End } from '../history.ts';
import type { DefinitionPicture, Holder, WorldPicture } from '../picture.ts';
import {
  describeHolders,
  holderOn,
  holdersOf,
  isActive,
  isWholeWorldSeen,
  seenHost,
} from '../picture.ts';
import type { Rule } from '../rule.ts';

export const definitionKept: Rule = {
  name: 'definitionKept',
  invariant: 3,
  says: 'What was persistent is persistent, with the configuration that it had.',
  when: 'end',
  judge: (end) => {
    switch (end.run?.outcome) {
      case 'completed':
        return end.run.change === null ? judgeMoved(end) : judgeStaying(end);
      case 'refused':
      case 'rolledBack':
        return judgeStaying(end);
      case 'needsOperator':
        return judgeOpen(end);
      default:
        return null;
    }
  },
};

/** Each host has the definition that it had, but for what a workflow was asked to change. */
function judgeStaying({ before, after, run }: End): string | null {
  const { disks, past } = allowedChange(run);
  for (const was of holdersOf(before)) {
    if (seenHost(after, was.uri) === null) continue;
    const is = holderOn(after, was.uri);
    if (was.persistent && is?.persistent !== true) return `${was.uri} has lost its definition`;
    if (is === null) continue;
    if (!was.persistent && is.persistent)
      return `${was.uri} has made a transient domain persistent`;
    const changed = past ? null : changeOf(was, is, disks ? otherFiles : fields);
    if (changed !== null) return `its definition on ${was.uri} has another ${changed}`;
  }
  return null;
}

function judgeMoved({ before, after, run }: End): string | null {
  const asked = run?.asked ?? null;
  const was = asked === null ? activeIn(holdersOf(before)) : holderOn(before, asked.source);
  const is = asked === null ? activeIn(holdersOf(after)) : holderOn(after, asked.destination);
  if (was === null) return null;
  if (asked?.keepSource === true && was.persistent && isLost(after, asked.source))
    return `${asked.source} has lost the definition that was to be kept`;
  if (is === null)
    return asked !== null && seenHost(after, asked.destination) !== null
      ? `${asked.destination} does not know it: ${describeHolders(after)}`
      : null;
  const stood = holderOn(before, is.uri)?.persistent ?? false;
  const isWanted = stood || (was.persistent && asked?.persistence !== 'transient');
  if (isWanted !== is.persistent)
    return `it was ${kept(was.persistent)} on ${was.uri} and is ${kept(is.persistent)} on ${is.uri}`;
  const changed = asked?.redefines === true ? null : changeOf(was, is);
  return changed === null ? null : `its definition on ${is.uri} has another ${changed}`;
}

/** Whatever an operator has to mend, there must be a definition left to do it with. */
function judgeOpen({ before, after, run }: End): string | null {
  const wasKept = holdersOf(before).some(({ persistent }) => persistent);
  const isKept = holdersOf(after).some(({ persistent }) => persistent);
  if (!wasKept || isKept || !isWholeWorldSeen(after)) return null;
  if (run?.asked?.persistence === 'transient') return null;
  return `it was persistent, and no host has a definition of it: ${describeHolders(after)}`;
}

function isLost(after: WorldPicture, uri: string): boolean {
  return seenHost(after, uri) !== null && holderOn(after, uri)?.persistent !== true;
}

function activeIn(holders: readonly Holder[]): Holder | null {
  return holders.find(isActive) ?? null;
}

function kept(persistent: boolean): string {
  return persistent ? 'persistent' : 'transient';
}

/** The first thing of the configuration that differs; `null`: none that both looks show. */
function changeOf(
  was: Holder,
  is: Holder,
  compared: readonly (keyof DefinitionPicture)[] = fields,
): string | null {
  const [old, now] = [was.details?.definition, is.details?.definition];
  if (old === undefined || now === undefined) return null;
  const differs = (field: keyof DefinitionPicture): boolean =>
    !isDeepStrictEqual(old[field], now[field]);
  const field = compared.find(differs);
  if (field === undefined) return null;
  return `${field}: ${JSON.stringify(old[field])} became ${JSON.stringify(now[field])}`;
}

const fields = [
  'memoryBytes',
  'arch',
  'machineType',
  'virtType',
  'disks',
  'hostDevices',
  'networks',
  'hasNvram',
  'emulatedTpm',
] as const satisfies readonly (keyof DefinitionPicture)[];

/** Disks may lie in other files. */
const otherFiles = fields.filter((field) => field !== 'disks');
