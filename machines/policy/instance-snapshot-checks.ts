import { unless } from './check.ts';
import type { InstanceSnapshotContext, Way } from './instance-snapshot.ts';
import { isOpen } from './instance-snapshot.ts';
import type { CheckVerdict } from './verdicts.ts';
import { judgeAll, namesOf } from './verdicts.ts';

type Subject = {
  readonly context: InstanceSnapshotContext;
  readonly facts: NonNullable<InstanceSnapshotContext['facts']>;
};

const checks = {
  domainExists: ({ context, facts }) =>
    unless(
      facts.domain !== null,
      () =>
        `${facts.host.hostname} has no domain ${context.domain}: virsh -c ${context.host} list --all shows what it has`,
    ),
  nameValid: ({ facts }) => facts.nameObjection,
  imageNew: ({ context, facts }) =>
    unless(
      !facts.taken,
      () => `the store has an image ${context.name} already: choose another name`,
    ),
  someWay: ({ context, facts }) => {
    if (facts.domain === null || isOpen(context, 'live') || isOpen(context, 'cold')) return null;
    const wanted: readonly Way[] = context.way === 'auto' ? ['live', 'cold'] : [context.way];
    return wanted.map((way) => `${way}: ${objectionsOf(facts.verdicts[way])}`).join('; ');
  },
} satisfies Record<string, (subject: Subject) => string | null>;

function objectionsOf(verdicts: readonly CheckVerdict[]): string {
  return verdicts.flatMap(({ objection }) => objection ?? []).join('; ');
}

export const instanceSnapshotCheckNames = namesOf(checks);

export function instanceSnapshotVerdicts(
  context: InstanceSnapshotContext,
): readonly CheckVerdict[] {
  return context.facts === null ? [] : judgeAll(checks, { context, facts: context.facts });
}
