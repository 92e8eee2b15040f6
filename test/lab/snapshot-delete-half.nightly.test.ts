import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import {
  deletedAgain,
  expectTwoDeleted,
  twoDeep,
  useDeletionLab,
} from '../support/lab-deletion.ts';
import { judged } from '../support/lab-deletion-verdict.ts';
import { describeLab } from '../support/needs.ts';

type Moment = (host: LabHost, changedFile: string | null) => Promise<boolean>;

const recordOf = ({ paths }: LabHost): string => join(paths.runDir, 'qemu');
const isReady = /<mirror[^>]*ready='yes'/g;

/** Both jobs may be pivoted, as libvirtd's own record tells; whatever comes then takes it milliseconds. */
const allReady: Moment = async (host) => {
  const record = await readFile(join(recordOf(host), 'guest.xml'), 'utf8').catch(() => '');
  return record.match(isReady)?.length === 2;
};
const layerRemoved: Moment = (_, file) => Promise.resolve(file === 'two.vda');

/** SIGKILL for libvirtd in that moment, or when the layer is removed, and a new one. */
async function killedWhen(host: LabHost, isNow: Moment): Promise<void> {
  const { promise: killed, resolve } = Promise.withResolvers<void>();
  const look = async (file: string | null): Promise<void> => {
    if ((await isNow(host, file)) || (await layerRemoved(host, file))) resolve(host.kill());
  };
  const watches = [host.paths.imagesDir, recordOf(host)].map((directory) =>
    watch(directory, (event, name) => {
      if (event === 'rename') void look(name);
    }),
  );
  await killed;
  for (const each of watches) each.close();
  await host.start();
}

describeLab('a deletion that libvirt 9.0 is killed in', () => {
  const stage = useDeletionLab('snapdelh');

  test.each([
    ['all is ready to be pivoted', allReady],
    ['the layer of one disk of two is removed', layerRemoved],
  ])(
    "libvirt's daemon killed when %s: what is said is true, and leads to the end",
    async (moment, isNow) => {
      const { host } = stage;
      const before = await twoDeep(stage);
      const output = await stage.remove({
        what: { name: 'two' },
        onState: (state) => (state === 'working.deleting' ? killedWhen(host, isNow) : undefined),
      });
      const { advice, found } = await judged(stage, output, before);
      stage.note('deleting', `libvirtd killed when ${moment}: ${found}`, output);
      if (output.outcome !== 'completed') {
        await advice();
        await deletedAgain(stage, { name: 'two' });
      }
      await expectTwoDeleted(stage, before);
    },
    180_000,
  );
});
