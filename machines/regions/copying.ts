/** Memory under way, whoever drives. */
export const precopying = {
  description: 'Memory is copied pass by pass; pages written meanwhile are sent again.',
  tags: ['abortable'],
  meta: { milestone: 'precopy', call: 'migrate', source: 'MIGRATION, MIGRATION_ITERATION' },
  always: {
    guard: { type: 'hasReached', params: { milestone: 'switchover' } },
    target: 'switchingOver',
  },
} as const;
export const switchingOver = {
  description: 'The guest is stopped on the source; the last pages and devices follow.',
  tags: ['abortable', 'guestPaused'],
  meta: {
    milestone: 'switchover',
    call: 'migrate-continue',
    source: 'MIGRATION pre-switchover, device',
  },
} as const;

/** What is under way inside PERFORM3 of a migration that we drive, by what QEMU shows. */
export const copying = {
  initial: 'starting',
  states: {
    starting: {
      description: 'The source sets its QEMU up.',
      tags: ['abortable'],
      always: [
        {
          guard: { type: 'hasReached', params: { milestone: 'precopy' } },
          target: 'precopying',
        },
        { guard: 'copiesStorage', target: 'mirroring' },
      ],
    },
    mirroring: {
      description: 'Each disk is mirrored into an NBD export of the destination.',
      tags: ['abortable'],
      meta: { call: 'blockdev-mirror', source: 'JOB_STATUS_CHANGE, BLOCK_JOB_2' },
      always: {
        guard: { type: 'hasReached', params: { milestone: 'precopy' } },
        target: 'precopying',
      },
    },
    precopying,
    switchingOver,
  },
} as const;
