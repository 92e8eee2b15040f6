import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

import { expectUnharmed, savedFile, useSavingLab } from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';

// libvirt asks it in the midst of a restore; of one from a file, before it has a job for the domain.
const hook = `#!/bin/sh
if [ "$2" = restore ]; then
  echo asked >> /var/lib/libvirt/restores
  sleep 1
fi
cat > /dev/null
`;

describeLab('a guest whose daemon takes its time to go on with it', () => {
  const stage = useSavingLab('saving-unheard');
  const restores = async (): Promise<number> =>
    (await readFile(join(stage.host.paths.libDir, 'restores'), 'utf8').catch(() => '')).length;

  beforeAll(async () => {
    const { host } = stage;
    const directory = join(host.paths.etcDir, 'hooks');
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'qemu'), hook);
    await chmod(join(directory, 'qemu'), 0o755);
    // It looks for hooks when it starts.
    await host.start({});
  }, 60_000);

  test.each([
    ['its managed save image', { action: 'save' }, { action: 'start' }],
    ['a file', { action: 'saveTo', file: savedFile }, { action: 'restore', file: savedFile }],
  ] as const)(
    'goes on from %s though our process died',
    async (_, save, goOn) => {
      const { host } = stage;
      await stage.run(save).end();
      const known = await restores();
      const output = await stage.killedIn('goingOn', goOn, async () => {
        await expect.poll(restores, { timeout: 30_000, interval: 10 }).toBeGreaterThan(known);
      });
      stage.note('goingOn', 'our process dies, nothing is seen yet', output);
      expect(output).toMatchObject({ outcome: 'completed', guest: 'running', artefacts: [] });
      await host.run('rm', ['-f', savedFile]);
      await expectUnharmed(stage);
    },
    90_000,
  );
});
