import type { MigrationEvent } from '../../machines/migration-events.ts';
import type { DomainObservation } from '../ports/observation.ts';

/** What one host shows, as the event that a protocol chart knows. */
export function toMigrationEvent(
  peer: 'source' | 'destination',
  observation: DomainObservation,
): MigrationEvent[] {
  const { atEpochMs } = observation;
  switch (observation.kind) {
    case 'state': {
      const { state, reason } = observation;
      const seen = { type: `${peer}.domain.seen`, state, detail: reason, atEpochMs } as const;
      const isIncoming = peer === 'destination' && state === 'paused' && reason === 'startingUp';
      return isIncoming ? [{ type: 'destination.domain.preparing', atEpochMs }, seen] : [seen];
    }
    case 'migrationJob':
      return peer === 'destination'
        ? [{ type: 'destination.domain.preparing', atEpochMs }]
        : [{ type: 'source.job.started', atEpochMs }];
    case 'started':
    case 'resumed':
    case 'suspended':
    case 'stopped': {
      const { kind, detail } = observation;
      return [{ type: `${peer}.domain.${kind}`, detail, atEpochMs }];
    }
    case 'migrationStatus':
      return [{ type: `${peer}.migration.${observation.status}`, atEpochMs }];
    case 'iteration':
      return [
        {
          type: `${peer}.iteration`,
          iteration: observation.iteration,
          remainingBytes: observation.remainingBytes,
          atEpochMs,
        },
      ];
    case 'mirrorCreated':
      return [{ type: `${peer}.mirror.created`, atEpochMs }];
    case 'mirrorReady':
      return [{ type: `${peer}.mirror.ready`, targetDev: observation.targetDev, atEpochMs }];
    case 'jobCompleted':
      return [{ type: `${peer}.job.completed`, atEpochMs }];
    // Nothing that a migration is about.
    case 'blockJob':
    case 'deviceRemoved':
    case 'deviceRemovalFailed':
    case 'agent':
      return [];
    case 'connectionLost':
      return [{ type: `${peer}.connection.lost`, atEpochMs }];
    case 'connectionRegained':
      return [{ type: `${peer}.connection.regained`, atEpochMs }];
  }
}
