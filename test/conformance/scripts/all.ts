import type { Script } from '../script.ts';
import { imageScripts } from './images.ts';
import { migrationScripts } from './migrations.ts';
import { savingScripts } from './saving.ts';
import { snapshotScripts } from './snapshots.ts';
import { swapScripts } from './swaps.ts';

/** Every script that real hosts and the simulated world are held to. */
export const scripts: readonly Script[] = [
  ...savingScripts,
  ...snapshotScripts,
  ...imageScripts,
  ...swapScripts,
  ...migrationScripts,
];
