import { saveImageXmlFlags, xmlFlags, type Domain } from 'node-libvirt';
import type { DefinitionPlace, DiskSources } from '../../ports/disk-sources.ts';
import { FailureError } from '../../ports/failure.ts';
import {
  readDiskImage,
  readDiskSource,
  withDiskImage,
  withOverlay,
  withoutOverlay,
} from './disk-source-xml.ts';
import type { Bounded, HostCaller } from './host-caller.ts';

/** {@link DiskSources} by virDomainDefineXML and virDomainManagedSaveDefineXML. */
export function diskSourcesCalls(caller: HostCaller): DiskSources {
  return {
    findDiskSource: (uuid, place, targetDev, signal) =>
      caller.askDomain(uuid, signal, async (domain, options) => {
        const xml = await readDefinition(domain, place, options);
        return xml === null ? null : readDiskSource(xml, targetDev);
      }),

    findDiskImage: (uuid, place, targetDev, signal) =>
      caller.askDomain(uuid, signal, async (domain, options) => {
        const xml = await readDefinition(domain, place, options);
        return xml === null ? null : readDiskImage(xml, targetDev);
      }),

    changeDiskImage: (uuid, place, disk, signal) =>
      caller.withDomain(uuid, signal, async (domain, options) => {
        const xml = await readDefinition(domain, place, options);
        if (xml === null) throw noDefinition(place);
        const changed = withDiskImage(xml, disk);
        if (changed !== null) await writeDefinition(domain, place, changed, options);
      }),

    putOverlay: (uuid, place, disk, signal) =>
      caller.withDomain(uuid, signal, async (domain, options) => {
        const xml = await readDefinition(domain, place, options);
        if (xml === null) throw noDefinition(place);
        const changed = withOverlay(xml, disk);
        if (changed !== null) await writeDefinition(domain, place, changed, options);
      }),

    takeOverlay: (uuid, place, disk, signal) =>
      caller.withDomain(uuid, signal, async (domain, options) => {
        const xml = await readDefinition(domain, place, options);
        const changed = xml === null ? null : withoutOverlay(xml, disk);
        if (changed !== null) await writeDefinition(domain, place, changed, options);
      }),
  };
}

/** SECURE: what is written back without a password has none any more. */
async function readDefinition(
  domain: Domain,
  place: DefinitionPlace,
  options: Bounded,
): Promise<string | null> {
  if (place === 'managedSave') {
    if (!(await domain.hasManagedSaveImage(options))) return null;
    return domain.managedSaveGetXMLDesc({ ...options, flags: saveImageXmlFlags.SECURE });
  }
  if (!(await domain.isPersistent(options))) return null;
  return domain.getXMLDesc({ ...options, flags: xmlFlags.INACTIVE | xmlFlags.SECURE });
}

async function writeDefinition(
  domain: Domain,
  place: DefinitionPlace,
  xml: string,
  options: Bounded,
): Promise<void> {
  if (place === 'managedSave') await domain.managedSaveDefineXML(xml, options);
  else await domain.connection.domainDefineXML(xml, options);
}

function noDefinition(place: DefinitionPlace): FailureError {
  const message =
    place === 'managedSave'
      ? 'there is no managed save image any more'
      : 'the domain has no configuration any more';
  return new FailureError({ code: 'noDefinition', message, effect: 'none' });
}
