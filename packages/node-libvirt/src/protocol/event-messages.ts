import { i32, i64, struct, u32 } from '../xdr/codec.ts';
import { domainHandle, jobStatsList, optionalText, text } from './shapes.ts';

const common = { callbackId: i32, dom: domainHandle };

/**
 * The messages behind each kind of domain event (remote_protocol.x, qemu_protocol.x): `eventId` is virDomainEventID, which
 * a registration names; `procedure` is the number the messages come with. QEMU's own have a registration of their own.
 */
export const eventMessages = {
  lifecycle: { eventId: 0, procedure: 318, layout: struct({ ...common, event: i32, detail: i32 }) },
  ioErrorReason: {
    eventId: 6,
    procedure: 324,
    layout: struct({ ...common, sourcePath: text, deviceAlias: text, action: i32, reason: text }),
  },
  deviceRemoved: { eventId: 15, procedure: 333, layout: struct({ ...common, deviceAlias: text }) },
  blockJob2: {
    eventId: 16,
    procedure: 339,
    layout: struct({ ...common, disk: text, type: i32, status: i32 }),
  },
  agentLifecycle: {
    eventId: 18,
    procedure: 348,
    layout: struct({ ...common, state: i32, reason: i32 }),
  },
  deviceAdded: { eventId: 19, procedure: 354, layout: struct({ ...common, deviceAlias: text }) },
  migrationIteration: {
    eventId: 20,
    procedure: 359,
    layout: struct({ ...common, iteration: i32 }),
  },
  jobCompleted: {
    eventId: 21,
    procedure: 363,
    layout: struct({ ...common, params: jobStatsList }),
  },
  deviceRemovalFailed: {
    eventId: 22,
    procedure: 367,
    layout: struct({ ...common, deviceAlias: text }),
  },
  qemuMonitorEvent: {
    eventId: null,
    procedure: 6,
    layout: struct({ ...common, event: text, seconds: i64, micros: u32, details: optionalText }),
  },
} as const;

type EventKind = keyof typeof eventMessages;

function isEventKind(name: string): name is EventKind {
  return Object.hasOwn(eventMessages, name);
}

export const domainEventKinds: readonly EventKind[] =
  Object.keys(eventMessages).filter(isEventKind);
