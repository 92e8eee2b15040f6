import type { Inspector } from '../../inspector/index.ts';
import { knownMachines } from '../records/stored-machines.ts';

/** The inspector of all machines; loaded when something is served. */
export async function loadInspector(): Promise<Inspector> {
  const { createInspector } = await import('../../inspector/index.ts');
  return createInspector(knownMachines);
}
