import type { LayerFile } from './disk-chain.ts';
import type { Definition, Domain } from './world.ts';

/** The disk is that file from now on: in what runs, and in the configuration. */
export function setTop(domain: Domain, targetDev: string, to: LayerFile): void {
  const { definition, written } = domain;
  domain.definition = { ...definition, disks: withTop(definition.disks, targetDev, to) };
  if (written !== undefined)
    domain.written = { ...written, disks: withTop(written.disks, targetDev, to) };
  configureDisk(domain, targetDev, to);
}

const withTop = (
  disks: Definition['disks'],
  targetDev: string,
  { format, path }: LayerFile,
): Definition['disks'] =>
  disks.map((disk) => (disk.targetDev === targetDev ? { ...disk, path, format } : disk));

/** `null`: no such disk. */
export function configuredDisk(
  { configuredDisks, definition }: Domain,
  targetDev: string,
): LayerFile | null {
  const disk = definition.disks.find((each) => each.targetDev === targetDev);
  return configuredDisks.get(targetDev) ?? disk ?? null;
}

/** What the next start takes. */
export function configuredDefinition(domain: Domain): Definition {
  const { definition } = domain;
  const disks = definition.disks.map((disk) => ({
    ...disk,
    ...configuredDisk(domain, disk.targetDev),
  }));
  return { ...definition, disks };
}

/** virDomainDefineXML: of a domain that runs, what runs stays as it is. */
export function configureDisk(
  domain: Domain,
  targetDev: string,
  { format, path }: LayerFile,
): void {
  const others = [...domain.configuredDisks].filter(([each]) => each !== targetDev);
  const live = domain.definition.disks.find((each) => each.targetDev === targetDev);
  const isSame = live?.path === path && live.format === format;
  domain.configuredDisks = new Map(
    isSame ? others : [...others, [targetDev, { path, format }] as const],
  );
}

/** With its QEMU goes what ran; what the configuration says is the domain. */
export function returnToConfiguration(domain: Domain): void {
  for (const [targetDev, file] of domain.configuredDisks) setTop(domain, targetDev, file);
}
