import type { Early } from './measures.ts';
import { measures } from './measures.ts';
import { tuning } from './tuning.ts';

const eventOf = <Event>({ event }: { readonly event: Event }) => ({ event });

/**
 * The region that every protocol chart carries beside its phases: how the migration is brought to
 * its end. The clock and QEMU's passes notice, the plan decides, and the measures act.
 */
export const convergence = <
  const OnRequest extends readonly object[],
  const WhenOutOfTime extends readonly object[],
  const WhenDueToForce extends readonly object[],
  const States extends Readonly<Record<string, object>>,
>(
  early: Early<OnRequest, WhenOutOfTime, WhenDueToForce, States>,
) =>
  ({
    description: 'Bring the migration to its end by the plan, or by hand.',
    type: 'parallel',
    states: {
      budget: {
        description: 'How long may it take?',
        initial: 'choosing',
        states: {
          choosing: {
            description: 'A run without a budget waits for as long as it takes.',
            always: [{ guard: 'hasTimeBudget', target: 'within' }, { target: 'unbounded' }],
          },
          within: {
            description: 'The guest is expected to converge before the budget is used up.',
            after: { timeBudget: { target: 'spent', actions: 'noteBudgetSpent' } },
          },
          spent: { description: 'The budget is used up; the measures answer.' },
          unbounded: { description: 'No budget was given.' },
        },
      },
      stalls: {
        description: 'Do the passes of QEMU still gain ground?',
        initial: 'watching',
        states: {
          watching: {
            description: 'Each pass that begins shows what the one before left to be sent.',
            meta: { source: 'MIGRATION_ITERATION; only the minima of passes tell a stall' },
            on: {
              'source.iteration': {
                target: 'watching',
                reenter: true,
                actions: { type: 'noteEvidence', params: eventOf },
              },
            },
            always: { guard: 'isStalled', actions: ['tellStall', 'countPassesAnew'] },
          },
        },
      },
      tuning,
      measures: measures(early),
    },
  }) as const;
