import type { EventEmitter } from 'eventemitter3';
import type { ConnectionEvents } from './domain-events.ts';
import type { EventSink } from './subscriptions.ts';

/** Hands each event on to those who listen to its kind. */
export function emitTo(emitter: EventEmitter<ConnectionEvents>): EventSink {
  return {
    lifecycle: (event) => guarded(() => emitter.emit('lifecycle', event)),
    blockJob2: (event) => guarded(() => emitter.emit('blockJob2', event)),
    jobCompleted: (event) => guarded(() => emitter.emit('jobCompleted', event)),
    migrationIteration: (event) => guarded(() => emitter.emit('migrationIteration', event)),
    agentLifecycle: (event) => guarded(() => emitter.emit('agentLifecycle', event)),
    deviceAdded: (event) => guarded(() => emitter.emit('deviceAdded', event)),
    deviceRemoved: (event) => guarded(() => emitter.emit('deviceRemoved', event)),
    deviceRemovalFailed: (event) => guarded(() => emitter.emit('deviceRemovalFailed', event)),
    ioErrorReason: (event) => guarded(() => emitter.emit('ioErrorReason', event)),
    qemuMonitorEvent: (event) => guarded(() => emitter.emit('qemuMonitorEvent', event)),
  };
}

/** A listener that throws is its owner's bug: reported as uncaught, without harm to the messages behind this one. */
export function guarded(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
