import type { EventObject } from 'xstate';

import { changesOf } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import type { OneHostContext } from './policy/one-host/one-host.ts';
import type {
  DefineRequest,
  KeptDefinition,
  UndefinedMeanwhile,
} from './policy/one-host/undefined-meanwhile.ts';
import * as meanwhile from './policy/one-host/undefined-meanwhile.ts';
import { effectSlot } from './slots.ts';

/**
 * What every chart speaks of whose domain may have to be transient for a while: the names of
 * `regions/undefined-meanwhile.ts`.
 */
export function undefinedParts<
  Context extends OneHostContext & UndefinedMeanwhile,
  Event extends EventObject,
>() {
  const changesAny = changesOf<Context, Event>();
  type Own = Partial<UndefinedMeanwhile & Pick<OneHostContext, 'artefacts'>>;
  // What is changed here every such context has.
  const changes = <Params>(change: (context: Context, params: Params) => Own) =>
    changesAny<Params>((context, params) => change(context, params) as Partial<Context>);
  type In = { readonly context: Context };
  return {
    actors: {
      keepDefinition: effectSlot<KeptDefinition, DomainOnHost>('keepDefinition'),
      undefineDomain: effectSlot<void, DomainOnHost>('undefineDomain'),
      defineAgain: effectSlot<void, DefineRequest>('defineAgain'),
    },
    actions: {
      expectUndefined: changes((context, kept: KeptDefinition) =>
        meanwhile.expectUndefined(context, kept),
      ),
      expectLateUndefine: changes(() => ({ lateUndefine: true })),
      noteNothingLate: changes(() => ({ lateUndefine: false })),
      noteDefined: changes((context) => meanwhile.noteDefined(context)),
    },
    guards: {
      mustUndefine: ({ context }: In) => meanwhile.mustUndefine(context),
      isUndefined: ({ context }: In) => meanwhile.isUndefined(context),
      isLateUndefine: ({ context }: In) => context.lateUndefine,
    },
    delays: {
      /** What a process sent that has died since, its daemon reads within milliseconds. */
      unheard: 2_000,
    },
  };
}
