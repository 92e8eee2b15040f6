/** Of a migration that we drive: what its calls do, the region `execution` shows. */
export const wayBack = {
  description: 'Is there still a way back?',
  initial: 'open',
  states: {
    open: {
      description: 'The guest has not been seen on the destination.',
      always: {
        guard: { type: 'hasReached', params: { milestone: 'finish3' } },
        target: 'gone',
      },
    },
    gone: {
      description: 'The guest runs on the destination: whatever comes, it goes forward.',
      tags: ['pointOfNoReturn'],
    },
  },
} as const;
