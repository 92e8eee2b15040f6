import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type {
  DefineRequest,
  KeptDefinition,
} from '../../machines/policy/one-host/undefined-meanwhile.ts';
import type { EffectSlot } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { doneAgain } from './done-again.ts';
import { effectOnDomain } from './effect-on-domain.ts';

/** The slots of `machines/regions/undefined-meanwhile.ts`. */
export function undefinedMeanwhileSlots(hypervisors: Hypervisors): {
  keepDefinition: EffectSlot<DomainOnHost, KeptDefinition>;
  undefineDomain: EffectSlot<DomainOnHost, void>;
  defineAgain: EffectSlot<DefineRequest, void>;
} {
  return {
    keepDefinition: doneAgain(hypervisors, async (hosts, { domainUuid, host }, tools) => {
      const { seal = (text: string) => text, signal } = tools;
      const hypervisor = await hosts.open(host, signal);
      const { autostart, text } = await hypervisor.readDefinition(domainUuid, signal);
      return { text: seal(text), autostart };
    }),
    // Whoever goes on after a crash gives it back first.
    undefineDomain: effectOnDomain(
      hypervisors,
      (host, uuid, signal) => host.undefine(uuid, signal),
      'unknown',
    ),
    defineAgain: doneAgain(hypervisors, async (hosts, { definition, domainUuid, host }, tools) => {
      const hypervisor = await hosts.open(host, tools.signal);
      await hypervisor.defineAgain(domainUuid, definition, tools.signal);
    }),
  };
}
