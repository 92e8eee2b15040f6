import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import { unless } from '../check.ts';
import { claimObjection } from '../claims.ts';
import type { OneHostContext } from './one-host.ts';
import type { CheckVerdict } from '../verdicts.ts';
import { judgeAll } from '../verdicts.ts';

/** What a check of a workflow looks at. `domain` stands: whether there is one comes before the rest. */
export interface OneHostSubject<Context extends OneHostContext = OneHostContext> {
  readonly context: Context;
  readonly facts: NonNullable<Context['facts']>;
  readonly domain: DomainView;
}

export type OneHostCheck<Context extends OneHostContext = OneHostContext> = (
  subject: OneHostSubject<Context>,
) => string | null;

/** What every workflow on one host refuses, before checks of its own. */
export const oneHostChecks = {
  unclaimed: ({ context, domain, facts }) =>
    claimObjection(
      domain.name,
      facts.claims.filter(({ run }) => !context.breakClaims.includes(run)),
      facts.atEpochMs,
    ),
  noOtherJob: ({ domain }) =>
    unless(
      domain.job === null,
      () =>
        `${domain.name} has a job in progress (${domain.job?.operation}): wait for its end, or abort it with whoever began it`,
    ),
} satisfies Record<string, OneHostCheck>;

/** Judges a table of checks; where there is no domain, that is the only verdict. */
export function judgeOneHost<Context extends OneHostContext, Name extends string>(
  checks: Readonly<Record<Name, OneHostCheck<Context>>>,
  context: Context,
): readonly CheckVerdict<Name | 'domainExists'>[] {
  const { facts } = context;
  if (facts === null) return [];
  if (facts.domain === null) {
    const objection = `${facts.host.hostname} has no domain ${context.domain}: virsh -c ${context.host} list --all shows what it has`;
    return [{ check: 'domainExists', objection }];
  }
  const subject: OneHostSubject<Context> = {
    context,
    facts,
    domain: facts.domain,
  };
  return [{ check: 'domainExists', objection: null }, ...judgeAll(checks, subject)];
}

/** Every objection in one message: whoever is refused learns all of it at once. */
export function refusalOf(verdicts: readonly CheckVerdict[]): Failure {
  const objections = verdicts.flatMap(({ check, objection }) =>
    objection === null ? [] : [{ check, objection }],
  );
  const check = objections[0]?.check ?? 'refused';
  return {
    // The same as where the other run came only after this look.
    code: check === 'unclaimed' ? 'claimed' : check,
    message: objections.map(({ objection }) => objection).join('; '),
    effect: 'none',
  };
}
