import type { CallbackActorLogic, EventObject, PromiseActorLogic } from 'xstate';
import { fromCallback, fromPromise } from 'xstate';

import { toFailure } from '../ports/failure.ts';
import { failedEvent } from './actor-events.ts';
import type { AnySlot, EffectSlot, Tools, WatchSlot } from './slots.ts';

type ActorOf<Slot> =
  Slot extends EffectSlot<infer Input, infer Output>
    ? PromiseActorLogic<Output, Input>
    : Slot extends WatchSlot<infer Input, infer Sent extends EventObject>
      ? CallbackActorLogic<EventObject, Input, Sent>
      : never;

type ActorsOf<Slots> = { [Name in keyof Slots]: ActorOf<Slots[Name]> };

/**
 * The same slots for a plain XState actor, without the engine: effects become promises, watches
 * become callbacks. Nothing is recorded then, and nothing survives the process.
 *
 * @example
 * const actors = toActors(peer2peerMigrationSlots(hypervisors), { clock, log });
 * createActor(peer2peerMigration.provide({ actors }), { input }).start();
 */
export function toActors<Slots extends object>(
  slots: Slots,
  tools: Pick<Tools, 'clock' | 'log'>,
): ActorsOf<Slots>;
export function toActors(
  slots: Record<string, AnySlot>,
  tools: Pick<Tools, 'clock' | 'log'>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(slots).map(([name, slot]) => [name, toActor(name, slot, tools)]),
  );
}

const nothing = (): void => undefined;

function toActor(name: string, slot: AnySlot, { clock, log }: Pick<Tools, 'clock' | 'log'>) {
  if (slot.kind === 'effect')
    return fromPromise(async ({ input, signal, self }) => {
      try {
        return await slot.run(input, {
          signal,
          key: self.id,
          clock,
          log,
          report: nothing,
          send: nothing,
        });
      } catch (error) {
        // XState hands what is rejected to the chart, which knows failures as data only.
        return Promise.reject(toFailure(error));
      }
    });
  return fromCallback(({ input, sendBack, self }) => {
    const abort = new AbortController();
    const tools = {
      signal: abort.signal,
      key: self.id,
      clock,
      log,
      report: nothing,
      send: sendBack,
    };
    slot.run(input, tools).catch((error: unknown) => {
      if (abort.signal.aborted) return;
      const failure = toFailure(error);
      log.warn(`watch ${name} ended`, { failure });
      // A callback actor cannot fail later on; the chart must know all the same that it is blind.
      sendBack(failedEvent(self.id, failure));
    });
    return () => abort.abort();
  });
}
