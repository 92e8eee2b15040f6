import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { configJsonSchema } from './config-file.ts';

/** `npm run config-schema`: writes what editors check a `virtstate.config.json` with. */
const place = join(import.meta.dirname, '..', '..', 'virtstate.config.schema.json');
writeFileSync(place, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
