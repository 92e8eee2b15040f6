import { precopying, switchingOver } from './copying.ts';

/**
 * libvirt's own phases, entered from evidence only: a state is entered when its milestone has been
 * reached, and an evidence that skips one passes through it (the record then says `inferred`).
 *
 * Guards: `hasReached`, `copiesStorage`.
 */
export const migrationPhases = {
  description: "Where libvirt's own protocol stands, by what both daemons and QEMU show.",
  initial: 'requesting',
  states: {
    requesting: {
      description: 'The source daemon has been asked; nothing of the migration is seen yet.',
      tags: ['abortable'],
      meta: { call: 'virDomainMigrateToURI3', novaTaskState: 'migrating' },
      always: { guard: { type: 'hasReached', params: { milestone: 'begin3' } }, target: 'begin3' },
    },
    begin3: {
      description: 'The source checks that the domain may migrate and connects to the destination.',
      tags: ['abortable'],
      meta: {
        phase: 'BEGIN3',
        milestone: 'begin3',
        source: 'job statistics of the source: migration out',
      },
      always: {
        guard: { type: 'hasReached', params: { milestone: 'prepare' } },
        target: 'prepare',
      },
    },
    prepare: {
      description: 'The destination starts an empty QEMU and creates the disks that are missing.',
      tags: ['abortable'],
      meta: {
        phase: 'PREPARE',
        milestone: 'prepare',
        source: 'domain paused (startingUp) on the destination',
      },
      always: [
        {
          guard: { type: 'hasReached', params: { milestone: 'precopy' } },
          target: '#perform3.precopying',
        },
        {
          guard: { type: 'hasReached', params: { milestone: 'perform3' } },
          target: '#perform3.mirroring',
        },
      ],
    },
    perform3: {
      id: 'perform3',
      description: 'Disks, then memory, are copied while the guest runs.',
      meta: { phase: 'PERFORM3' },
      initial: 'mirroring',
      states: {
        mirroring: {
          description: 'Each disk is mirrored into an NBD export of the destination.',
          tags: ['abortable'],
          meta: {
            milestone: 'perform3',
            call: 'blockdev-mirror',
            source: 'JOB_STATUS_CHANGE, BLOCK_JOB_2',
          },
          always: {
            guard: { type: 'hasReached', params: { milestone: 'precopy' } },
            target: 'precopying',
          },
        },
        precopying,
        switchingOver: {
          ...switchingOver,
          always: {
            guard: { type: 'hasReached', params: { milestone: 'perform3Done' } },
            target: '#perform3Done',
          },
        },
      },
    },
    perform3Done: {
      id: 'perform3Done',
      description: "The source's QEMU has sent everything; only the destination can go on.",
      tags: ['guestPaused'],
      meta: {
        phase: 'PERFORM3_DONE',
        milestone: 'perform3Done',
        source: 'MIGRATION completed on the source',
      },
      always: {
        guard: { type: 'hasReached', params: { milestone: 'finish3' } },
        target: 'finish3',
      },
    },
    finish3: {
      description: 'The guest runs on the destination. There is no way back.',
      tags: ['pointOfNoReturn'],
      meta: {
        phase: 'FINISH3',
        milestone: 'finish3',
        source: 'RESUMED/migrated on the destination',
      },
      always: {
        guard: { type: 'hasReached', params: { milestone: 'confirm3' } },
        target: 'confirm3',
      },
    },
    confirm3: {
      description: 'The source ends its copy.',
      tags: ['pointOfNoReturn'],
      meta: {
        phase: 'CONFIRM3',
        milestone: 'confirm3',
        source: 'STOPPED/migrated on the source, or its reply',
      },
    },
  },
} as const;
