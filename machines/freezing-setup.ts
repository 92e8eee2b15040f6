import type { EventObject } from 'xstate';

import { changesOf } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import type {
  AgentLook,
  FreezeContext,
  FreezeLook,
  GuestAsk,
  Thawed,
} from './policy/one-host/freezing.ts';
import * as freezing from './policy/one-host/freezing.ts';
import { effectSlot } from './slots.ts';

/** What every chart speaks of that brings a guest to rest: the names of `regions/freezing.ts`. */
export function freezingParts<Context extends FreezeContext, Event extends EventObject>() {
  const changesAny = changesOf<Context, Event>();
  // What a freeze changes every such context has.
  const changes = <Params>(change: (context: Context, params: Params) => Partial<FreezeContext>) =>
    changesAny<Params>((context, params) => change(context, params) as Partial<Context>);
  type In = { readonly context: Context };
  return {
    actors: {
      askAgent: effectSlot<AgentLook, DomainOnHost>('askAgent'),
      freezeGuest: effectSlot<{ frozen: number }, GuestAsk>('freezeGuest'),
      askFreeze: effectSlot<FreezeLook, GuestAsk>('askFreeze'),
      thawGuest: effectSlot<Thawed, GuestAsk>('thawGuest'),
    },
    actions: {
      expectFreeze: changes(freezing.expectFreeze),
      recordUnfrozen: changes((context, { error }: { error: unknown }) =>
        freezing.refuseFreeze(context, error),
      ),
      recordNoAgent: changes((context, look: AgentLook) =>
        freezing.refuseFreeze(context, freezing.agentGone(look)),
      ),
      recordNothingFrozen: changes((context) =>
        freezing.refuseFreeze(context, freezing.nothingFrozen),
      ),
      noteUnfrozen: changes((context, { error }: { error: unknown }) =>
        freezing.noteUnfrozen(context, error),
      ),
      noteNoAgent: changes((context, look: AgentLook) =>
        freezing.noteUnfrozen(context, freezing.agentGone(look)),
      ),
      noteThawed: changes(freezing.noteThawed),
      noteFreezeLeft: changes(freezing.noteFreezeLeft),
      recordStillFrozen: changes((context) => ({ failure: freezing.stillFrozenFailure(context) })),
    },
    guards: {
      mustFreeze: ({ context }: In) => context.quiesce === 'required',
      isConnected: (_: unknown, { agent }: AgentLook) => agent === 'connected',
      isTooLittle: ({ context }: In, { frozen }: { frozen: number }) =>
        context.quiesce === 'required' && frozen === 0,
      mayBeFrozen: ({ context }: In) => freezing.mayBeFrozen(context),
      isLeftFrozen: ({ context }: In) => freezing.isLeftFrozen(context),
      saysThawed: (_: unknown, { status }: FreezeLook) => status === 'thawed',
      isSilent: (_: unknown, { status }: FreezeLook) => status === 'silent',
    },
  };
}
