import type { DomainEvent } from '../../machines/domain-events.ts';
import type { DomainObservation } from '../ports/observation.ts';

/** What its host shows of a domain, as the event that a chart knows; `null`: a migration's. */
export function toDomainEvent(observation: DomainObservation): DomainEvent | null {
  const { atEpochMs } = observation;
  switch (observation.kind) {
    case 'state': {
      const { state, reason } = observation;
      return { type: 'domain.seen', state, detail: reason, atEpochMs };
    }
    case 'started':
    case 'resumed':
    case 'suspended':
    case 'stopped':
      return { type: `domain.${observation.kind}`, detail: observation.detail, atEpochMs };
    case 'blockJob': {
      const { job, status, targetDev } = observation;
      return { type: `blockJob.${status}`, targetDev, job, atEpochMs };
    }
    case 'deviceRemoved':
      return { type: 'device.removed', alias: observation.alias, atEpochMs };
    case 'deviceRemovalFailed':
      return { type: 'device.removalFailed', alias: observation.alias, atEpochMs };
    case 'agent':
      return { type: `agent.${observation.state}`, atEpochMs };
    case 'jobCompleted':
      return { type: 'job.completed', atEpochMs };
    case 'connectionLost':
      return { type: 'connection.lost', atEpochMs };
    case 'connectionRegained':
      return { type: 'connection.regained', atEpochMs };
    case 'migrationJob':
    case 'migrationStatus':
    case 'iteration':
    case 'mirrorCreated':
    case 'mirrorReady':
      return null;
  }
}
