import { xmlFlags } from 'node-libvirt';
import type { Definitions } from '../../ports/definitions.ts';
import { FailureError } from '../../ports/failure.ts';
import { lookUpByUuid } from './domain-reads.ts';
import type { HostCaller } from './host-caller.ts';

/** {@link Definitions} by virDomainGetXMLDesc, virDomainDefineXML and virDomainSetAutostart. */
export function definitionsCalls(caller: HostCaller): Definitions {
  return {
    readDefinition: (uuid, signal) =>
      caller.withDomain(uuid, signal, async (domain, options) => {
        // Of a transient domain libvirt would tell what runs.
        if (!(await domain.isPersistent(options))) throw noDefinition(domain.name);
        const flags = xmlFlags.INACTIVE | xmlFlags.SECURE;
        const [text, autostart] = await Promise.all([
          domain.getXMLDesc({ ...options, flags }),
          domain.getAutostart(options),
        ]);
        return { text, autostart };
      }),

    defineAgain: (uuid, { autostart, text }, signal) =>
      caller.ask(signal, async (connection, options) => {
        const known = await lookUpByUuid(connection, uuid, options);
        const stands = known !== null && (await known.isPersistent(options));
        const domain = stands ? known : await connection.domainDefineXML(text, options);
        if ((await domain.getAutostart(options)) !== autostart)
          await domain.setAutostart(autostart, options);
      }),
  };
}

function noDefinition(name: string): FailureError {
  const message = `${name} has no definition any more: somebody has undefined it`;
  return new FailureError({ code: 'noDefinition', message, effect: 'none' });
}
