import { afterAll, beforeAll, expect } from 'vitest';

import type { VolumeSwapInput, VolumeSwapOutput } from '../../machines/index.ts';
import { volumeSwapInput } from '../../machines/index.ts';
import type { SwapOrder } from '../../machines/policy/volume-swap/volume-swap.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { Hypervisors } from '../../src/index.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import { placeOf } from '../../src/ports/disk-source.ts';
import { labRuns, openLabHosts } from './lab-runs.ts';
import type { SwapRequest } from './lab-swap.ts';
import { expectOn, fileImage, useSwapLab, volumes } from './lab-swap.ts';
import { configureOtherwise, expectDefined } from './lab-undefined.ts';
import { onOldLibvirt } from './old-libvirt.ts';

const { drive } = labRuns<VolumeSwapOutput>((hypervisors) =>
  bindVolumeSwap(onOldLibvirt(hypervisors)),
);

/**
 * A lab whose hosts say that they copy disks of transient domains only, with a guest whose
 * configuration is other than what runs.
 */
export function useOldSwapLab(purpose: string) {
  const stage = useSwapLab(purpose, { agent: 'present', control: 'present' });
  let opened: { hypervisors: Hypervisors; configured: string } | null = null;
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  beforeAll(async () => {
    const hypervisors = openLabHosts(stage.lab);
    opened = { hypervisors, configured: await configureOtherwise(stage) };
  }, 60_000);
  afterAll(() => opened?.hypervisors.close());
  let count = 0;

  const swap = (
    to: DiskImage,
    { input, order, ...way }: Omit<SwapRequest, 'through'> = {},
  ): Promise<VolumeSwapOutput> => {
    const disk: SwapOrder = { targetDev: 'vda', to, create: true, resizeBytes: null, ...order };
    const about: Pick<VolumeSwapInput, 'domain' | 'host'> = {
      domain: stage.guest.name,
      host: stage.host.uri,
    };
    const { hypervisors } = current();
    const asked = volumeSwapInput({ ...about, disks: [disk], ...input });
    return drive({ hypervisors, lab: stage.lab }, asked, way);
  };

  /**
   * The definition is what it was, word for word, but for that one disk; and where libvirt itself has
   * changed it at a pivot, it says that nothing is below.
   */
  const expectDefinedOn = ({ source, format }: DiskImage): Promise<void> => {
    const [was, is] = [`type='qcow2'`, `type='${format}'`];
    const isBlock = source.kind === 'block';
    const wanted = current().configured.replace(
      /<disk type='file'([^>]*)>(.*?)<source file='[^']*'\/>/s,
      (_, words: string, driver: string) =>
        `<disk type='${isBlock ? 'block' : 'file'}'${words}>${driver.replace(was, is)}<source ${isBlock ? 'dev' : 'file'}='${placeOf(source)}'/>`,
    );
    return expectDefined(stage, wanted, / *<backingStore\/>\n/);
  };
  const now = async (): Promise<DiskImage> => {
    const path = (await stage.places())[1] ?? '';
    return { source: { kind: 'file', path }, format: 'qcow2' };
  };
  return Object.assign(stage, {
    /** By a libvirt that is 3.4 by its word. */
    swapOnOld: swap,
    expectDefinedOn,
    /**
     * To a file that is made for it. The guest ticks on with what the outcome says, as its definition
     * does, and the other volume is gone.
     */
    swapAnd: async (state: string, fault: string, way: SwapRequest): Promise<VolumeSwapOutput> => {
      const before = await now();
      const name = `disk-${(count += 1)}.qcow2`;
      const to = fileImage(name);
      const output = await swap(to, {
        ...way,
        input: { oldVolume: 'delete', bandwidthMibPerS: 32, ...way.input },
      });
      stage.note(state, fault, output);
      const { failure, outcome } = output;
      if (outcome === 'needsOperator') {
        // A kill takes longer than the last look before the pivot.
        expect(state).toMatch(/^(awaitingReady\.confirming|pivoting\.asking)$/);
        expect(failure?.code).toMatch(/^(guestUnseen|volumeUnknown)$/);
        // The claim stays for the operator, in the definition, too.
        await stage.releaseClaims();
        await expectDefinedOn(failure?.code === 'guestUnseen' ? to : before);
        return output;
      }
      const isThere = outcome === 'completed';
      expect(outcome).toMatch(/^(completed|rolledBack)$/);
      expect(failure === null).toBe(isThere);
      await expectDefinedOn(isThere ? to : before);
      await expectOn(stage, isThere ? `${volumes}/${name}` : placeOf(before.source));
      const files = (await stage.files()).map((file) => `${volumes}/${file}`);
      expect(files.includes(`${volumes}/${name}`)).toBe(isThere);
      expect(files.includes(placeOf(before.source))).toBe(!isThere);
      return output;
    },
    now,
  });
}
