import type { Command } from 'commander';
import { Option } from 'commander';

import type { OptionGroup } from './options/migrate-option-table.ts';
import { storeOption } from './options/migrate-option-table.ts';
import { runGroup } from './options/snapshot-option-table.ts';

/** The options of a command that drives a run on one host, under their headings. */
export function withGroups(command: Command, groups: readonly OptionGroup[]): Command {
  for (const { heading, options } of [...groups, runGroup])
    for (const { flags, words, otherwise, required } of options) {
      const option = new Option(flags, words).helpGroup(heading);
      // commander gives --no-... its default itself.
      if (otherwise !== undefined) option.default(otherwise);
      command.addOption(required === true ? option.makeOptionMandatory() : option);
    }
  return command.addOption(new Option(...storeOption).helpGroup(runGroup.heading));
}
