import type {
  FinishDone,
  PhaseDone,
  PhaseInput,
} from '../../machines/policy/migration/phase-calls.ts';
import type { MigrationEvent } from '../../machines/migration-events.ts';
import type { DomainOnPeers } from '../../machines/policy/domain-on-host.ts';
import type { EffectSlot, WatchSlot } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { MigrationLink } from '../ports/migration.ts';

interface LinkSlots {
  readonly holdLink: WatchSlot<DomainOnPeers, MigrationEvent>;
  readonly begin: EffectSlot<PhaseInput, PhaseDone>;
  readonly prepare: EffectSlot<PhaseInput, PhaseDone>;
  readonly perform: EffectSlot<PhaseInput, PhaseDone>;
  readonly finish: EffectSlot<PhaseInput, FinishDone>;
  readonly finishCancelled: EffectSlot<PhaseInput, FinishDone>;
  readonly confirm: EffectSlot<PhaseInput, PhaseDone>;
  readonly confirmCancelled: EffectSlot<PhaseInput, PhaseDone>;
}

const nameOf = ({ source, domainUuid }: DomainOnPeers): string => `${source} ${domainUuid}`;

/**
 * The phases of a migration that we drive, on the link that a watch of its chart holds open. A phase
 * is bound to that link: after a crash of ours it is gone, and nothing can be repeated on another.
 */
export function linkSlots(hypervisors: Hypervisors): LinkSlots {
  /** By source and domain: a domain migrates once at a time. */
  const links = new Map<string, MigrationLink>();

  const linkOf = (input: DomainOnPeers): MigrationLink => {
    const link = links.get(nameOf(input));
    if (link !== undefined) return link;
    throw linkGone();
  };

  const phase = <Output extends object | void>(
    call: (link: MigrationLink, input: PhaseInput, signal: AbortSignal) => Promise<Output>,
  ): EffectSlot<PhaseInput, Output & PhaseDone> => ({
    kind: 'effect',
    recovery: 'unknown',
    run: async (input, { signal, clock }) => {
      const output = await call(linkOf(input), input, signal);
      return { ...output, atEpochMs: clock.nowEpochMs() };
    },
  });

  return {
    holdLink: {
      kind: 'watch',
      run: async ({ source, destination, domainUuid }, { signal, clock, resumed, send }) => {
        // The link died with the process that held it, and both daemons have undone what hung on it.
        if (resumed === true) throw linkGone();
        const name = nameOf({ source, destination, domainUuid });
        const link = await hypervisors.linkMigration({ source, destination }, signal);
        // Left meanwhile: another may have been opened in its place.
        if (signal.aborted) {
          await link.close();
          return;
        }
        const tell = (type: 'link.opened' | 'link.source.lost' | 'link.destination.lost'): void => {
          if (!signal.aborted) send({ type, atEpochMs: clock.nowEpochMs() });
        };
        links.set(name, link);
        tell('link.opened');
        void link.lost.then(({ peer }) => tell(`link.${peer}.lost`));
        await untilAborted(signal);
        if (links.get(name) === link) links.delete(name);
        await link.close();
      },
    },
    begin: phase((link, { call }, signal) => link.begin(call, signal)),
    prepare: phase((link, { call }, signal) => link.prepare(call, signal)),
    perform: phase((link, { call }, signal) => link.perform(call, signal)),
    finish: phase(async (link, { call }, signal) => ({
      holds: await link.finish(call, false, signal),
    })),
    finishCancelled: phase(async (link, { call }, signal) => ({
      holds: await link.finish(call, true, signal),
    })),
    confirm: phase((link, { call }, signal) => link.confirm(call, false, signal)),
    confirmCancelled: phase((link, { call }, signal) => link.confirm(call, true, signal)),
  };
}

function linkGone(): FailureError {
  const message = 'the connections of this migration are gone';
  return new FailureError({ code: 'connectionLost', message, effect: 'unknown' });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
