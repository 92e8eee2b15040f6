/** The last try before an operator is called, of a chart that goes on to `concluding`. */
export const thawingLast = <Ask, Thawed>(guestAsk: Ask) =>
  ({
    description: 'A guest that did not thaw in time is asked once more.',
    tags: ['guestFrozen'],
    meta: { call: 'virDomainFSThaw' },
    invoke: {
      id: 'thawLast',
      src: 'thawGuest',
      input: guestAsk,
      onDone: {
        target: 'concluding',
        actions: {
          type: 'noteThawed',
          params: ({ event }: { readonly event: { readonly output: Thawed } }) => event.output,
        },
      },
      onError: { target: 'needsOperator', actions: 'recordStillFrozen' },
    },
  }) as const;
