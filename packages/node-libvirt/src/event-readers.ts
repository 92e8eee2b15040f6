import type { Domain } from './domain.ts';
import type { DomainEventKind, DomainEvents, LifecycleEvent } from './domain-events.ts';
import { ProtocolError } from './errors.ts';
import { toInteger64 } from './integer64.ts';
import {
  agentReasons,
  agentStates,
  blockJobStatuses,
  blockJobTypes,
  ioErrorActions,
  lifecycleDetails,
  lifecycleEvents,
  nameOf,
} from './names.ts';
import { eventMessages } from './protocol/event-messages.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import { fromTypedParams } from './typed-params.ts';
import type { Codec } from './xdr/codec.ts';
import type { XdrReader } from './xdr/reader.ts';

/** One event message, translated. */
export interface IncomingEvent<E> {
  readonly callbackId: number;
  readonly event: E;
}

/** Makes the handle a message speaks of. */
export type DomainOf = (handle: DomainHandle) => Domain;

type EventReader<E> = (payload: XdrReader, domainOf: DomainOf) => IncomingEvent<E>;

/** How the messages of each kind become events: names instead of numbers, the numbers kept beside them. */
export const eventReaders: { readonly [K in DomainEventKind]: EventReader<DomainEvents[K]> } = {
  lifecycle: reader(eventMessages.lifecycle.layout, ({ event, detail }, domain) =>
    toLifecycle(domain, event, detail),
  ),
  blockJob2: reader(eventMessages.blockJob2.layout, ({ disk, type, status }, domain) => ({
    domain,
    disk,
    type: nameOf(blockJobTypes, type),
    typeNumber: type,
    status: nameOf(blockJobStatuses, status),
    statusNumber: status,
  })),
  jobCompleted: reader(eventMessages.jobCompleted.layout, ({ params }, domain) => ({
    domain,
    stats: fromTypedParams(params),
  })),
  migrationIteration: reader(eventMessages.migrationIteration.layout, ({ iteration }, domain) => ({
    domain,
    iteration,
  })),
  agentLifecycle: reader(eventMessages.agentLifecycle.layout, ({ state, reason }, domain) => ({
    domain,
    state: nameOf(agentStates, state),
    stateNumber: state,
    reason: nameOf(agentReasons, reason),
    reasonNumber: reason,
  })),
  deviceAdded: reader(eventMessages.deviceAdded.layout, ({ deviceAlias }, domain) => ({
    domain,
    deviceAlias,
  })),
  deviceRemoved: reader(eventMessages.deviceRemoved.layout, ({ deviceAlias }, domain) => ({
    domain,
    deviceAlias,
  })),
  deviceRemovalFailed: reader(
    eventMessages.deviceRemovalFailed.layout,
    ({ deviceAlias }, domain) => ({ domain, deviceAlias }),
  ),
  ioErrorReason: reader(
    eventMessages.ioErrorReason.layout,
    ({ sourcePath, deviceAlias, action, reason }, domain) => ({
      domain,
      sourcePath,
      deviceAlias,
      action: nameOf(ioErrorActions, action),
      actionNumber: action,
      reason,
    }),
  ),
  qemuMonitorEvent: reader(
    eventMessages.qemuMonitorEvent.layout,
    ({ event, seconds, micros, details }, domain) => ({
      domain,
      event,
      seconds: toInteger64(seconds),
      micros,
      details: details === null ? null : parseDetails(details),
    }),
  ),
};

function reader<M extends { callbackId: number; dom: DomainHandle }, E>(
  layout: Codec<M>,
  translate: (message: M, domain: Domain) => E,
): EventReader<E> {
  return (payload, domainOf) => {
    const message = layout.decode(payload);
    payload.expectEnd();
    return { callbackId: message.callbackId, event: translate(message, domainOf(message.dom)) };
  };
}

function toLifecycle(domain: Domain, eventNumber: number, detailNumber: number): LifecycleEvent {
  const event = nameOf(lifecycleEvents, eventNumber);
  const detail = nameOf(lifecycleDetails[event], detailNumber);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both names come from one row, which nameOf hides
  return { domain, event, detail, eventNumber, detailNumber } as LifecycleEvent;
}

function parseDetails(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError('details of a QEMU event that are no JSON', { cause: error });
  }
}
