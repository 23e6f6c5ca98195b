/** MegaLinter's settings: the repository's file, over which the environment goes. Source: v9.3.0, `megalinter/config.py`. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export type Settings = Readonly<Record<string, string>>;

const FILES = ['.mega-linter.yml', '.megalinter.yml', '.mega-linter.yaml', '.megalinter.yaml'];
const Values = z.record(z.string(), z.unknown()).nullable();

export function settingsOf(folder: string, env: Settings): Settings {
  const file = FILES.map((name) => join(folder, name)).find(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  );
  const written = file === undefined ? {} : (Values.parse(parse(readFileSync(file, 'utf8'))) ?? {});
  const texts = Object.entries(written).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)] as const] : [],
  );
  return { ...Object.fromEntries(texts), ...env };
}

/** Whether what a linter finds is let pass. Source: v9.3.0, `Linter.py`, `load_config_vars`. */
export function disablesErrors(
  {
    name,
    descriptor,
    isFormatter,
  }: { readonly name: string; readonly descriptor: string; readonly isFormatter: boolean },
  settings: Settings,
): boolean {
  if (settings[`${name}_DISABLE_ERRORS_IF_LESS_THAN`] !== undefined) return false;
  for (const own of [`${name}_DISABLE_ERRORS`, `${descriptor}_DISABLE_ERRORS`])
    if (['true', 'false'].includes(settings[own] ?? '')) return settings[own] === 'true';
  if (isFormatter && settings['FORMATTERS_DISABLE_ERRORS'] !== 'false') return true;
  return settings['DISABLE_ERRORS'] === 'true';
}
