import { migrations } from './migrations.ts';
import { oneHostWays } from './one-host-ways.ts';
import type { Scenario } from './scenario.ts';

/** Every way through every machine. */
export const scenarios: readonly Scenario[] = [...migrations, ...oneHostWays];
