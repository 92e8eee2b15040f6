/**
 * Post-copy as both hosts show it. `virDomainGetJobStats` calls a broken one running, so only the
 * domains' states, their events and QEMU's own status count.
 *
 * Guard: `postcopyIs`.
 */
export const postcopy = {
  description: 'Does the destination run while it still fetches memory from the source?',
  initial: 'notBegun',
  states: {
    notBegun: {
      description: 'All memory is sent before the guest goes over.',
      always: [
        { guard: { type: 'postcopyIs', params: { postcopy: 'active' } }, target: 'postcopyActive' },
        { guard: { type: 'postcopyIs', params: { postcopy: 'paused' } }, target: 'postcopyPaused' },
      ],
    },
    postcopyActive: {
      description:
        'The guest needs both hosts: pages that are missing are fetched from the source.',
      meta: { call: 'migrate-start-postcopy', source: 'SUSPENDED/postcopy, postcopy-active' },
      always: {
        guard: { type: 'postcopyIs', params: { postcopy: 'paused' } },
        target: 'postcopyPaused',
      },
    },
    postcopyPaused: {
      description: 'The stream is broken: neither copy is whole, and neither may be touched.',
      tags: ['guestPaused'],
      meta: { source: 'SUSPENDED/postcopyFailed, postcopy-paused; never the job type' },
      // A destination that has not noticed lets the call hang: it is not waited for any longer.
      after: { peerWait: { actions: 'tellHung' } },
      on: {
        'postcopy.giveUp': { actions: ['giveUp', 'tellHung'] },
      },
      always: {
        guard: { type: 'postcopyIs', params: { postcopy: 'active' } },
        target: 'postcopyActive',
      },
    },
  },
} as const;
