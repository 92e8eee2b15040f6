// In a checkout npm links the bins of dependencies but not the package's own, and `npx virtstate`
// would install the checkout into npm's cache instead of running it.
import { mkdir, rm, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const link = fileURLToPath(new URL('../node_modules/.bin/virtstate', import.meta.url));
await mkdir(new URL('../node_modules/.bin/', import.meta.url), { recursive: true });
await rm(link, { force: true });
await symlink('../../bin/virtstate.js', link);
