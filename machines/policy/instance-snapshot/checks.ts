import { unless } from '../check.ts';
import type { InstanceSnapshotContext, Way } from './instance-snapshot.ts';
import { isOpen, verdictsOf } from './ways.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { judgeAll, namesOf } from '../verdicts.ts';

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
    return againstAll(wanted.map((way) => ({ way, objections: objectionsOf(context, way) })));
  },
} satisfies Record<string, (subject: Subject) => string | null>;

function objectionsOf(context: InstanceSnapshotContext, way: Way): readonly string[] {
  return verdictsOf(context, way).flatMap(({ objection }) => objection ?? []);
}

/** What speaks against every way is said once. */
function againstAll(
  ways: readonly { readonly way: Way; readonly objections: readonly string[] }[],
): string {
  const isShared = (objection: string): boolean =>
    ways.every(({ objections }) => objections.includes(objection));
  const shared = ways[0]?.objections.filter(isShared) ?? [];
  const own = ways.flatMap(({ objections, way }) => {
    const others = objections.filter((objection) => !isShared(objection));
    return others.length === 0 ? [] : [`${way}: ${others.join('; ')}`];
  });
  return [...shared, ...own].join('; ');
}

export const instanceSnapshotCheckNames = namesOf(checks);

export function instanceSnapshotVerdicts(
  context: InstanceSnapshotContext,
): readonly CheckVerdict[] {
  return context.facts === null ? [] : judgeAll(checks, { context, facts: context.facts });
}
