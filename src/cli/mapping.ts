/** The options that say how a file's columns become events: shared by import and evaluate. */

import { type Command, Option } from 'commander';
import { oneOf } from '../options.js';
import { type ColumnMap, type MappingOptions, parseColumnMap, parsePairs } from '../shopper/adapters/mapping.js';
import { TIME_UNITS } from '../shopper/adapters/times.js';

export interface MappingFlags {
  map?: ColumnMap;
  type?: string;
  types?: Map<string, string>;
  timeUnit?: string;
}

export function addMappingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--map <pairs>',
        'columns of the parts of an event: user=…,item=…,at=… and, where there, type, id, session, query, value, quantity',
      ).argParser((text: string, before: ColumnMap | undefined) => ({ ...before, ...parseColumnMap('--map', text) })),
    )
    .option('--type <type>', 'type of events where no column says it (default: purchase)')
    .addOption(
      new Option('--types <pairs>', 'the file’s own words for types: addtocart=cart,transaction=purchase').argParser((text) =>
        parsePairs('--types', text),
      ),
    )
    .addOption(new Option('--time-unit <unit>', 'unit of times that are numbers (default: found out)').choices([...TIME_UNITS]));
}

/** undefined where no column was mapped. */
export function mappingOf(flags: MappingFlags): MappingOptions | undefined {
  if (flags.map === undefined) return undefined;
  return {
    map: flags.map,
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.types === undefined ? {} : { types: Object.fromEntries(flags.types) }),
    ...(flags.timeUnit === undefined ? {} : { timeUnit: oneOf('--time-unit', flags.timeUnit, TIME_UNITS) }),
  };
}
