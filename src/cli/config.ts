/** `config check` and `config schema`: the settings, before they are pushed. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { exceptionsOn } from '../domain/settings/exceptions.ts';
import { readOrganisationSettings, readSettings } from '../domain/settings/read-settings.ts';
import { settingsJsonSchema } from '../domain/settings/json-schema.ts';
import { MAX_YAML_BYTES } from '../domain/settings/strict-yaml.ts';
import { SETTINGS_PATH } from '../domain/settings/settings-schema.ts';
import { countOf } from '../domain/run/verdict.ts';
import { UsageError } from './usage-error.ts';

export interface Checked {
  readonly lines: readonly string[];
  readonly mistakes: number;
}

/**
 * One line a mistake, as compilers write them, so that editors and CI find the place.
 * @throws UsageError where there is no such file
 */
export function checkConfig(file = SETTINGS_PATH, { organisation }: { readonly organisation: boolean }): Checked {
  if (existsSync(file) && statSync(file).isDirectory())
    throw new UsageError(`${file} is a folder: name the file in it.`);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new UsageError(`${file} is not there: name the file, or run this at the top of the repository.`);
  }
  // The reader refuses what is larger; nothing is gained by reading all of it first.
  const text = readFileSync(file, 'utf8').slice(0, MAX_YAML_BYTES + 1);
  const reading = organisation ? readOrganisationSettings(text) : readSettings(text);
  if (reading.kind === 'settings') {
    const { preset = 'standard' } = reading.settings;
    const today = new Date().toISOString().slice(0, 10);
    const ended = exceptionsOn(today, { exceptions: reading.settings.exceptions ?? [] }).ended.map(
      ({ id, until }) => `${file}: the exception for ${id} ended on ${until}: its findings count again.`,
    );
    return { mistakes: 0, lines: [...ended, `${file}: no mistake (preset ${preset}).`] };
  }
  const { mistakes } = reading;
  const lines = mistakes.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return { mistakes: mistakes.length, lines: [...lines, `${countOf(mistakes.length, 'mistake')}.`] };
}

export const configSchema = (): string => JSON.stringify(settingsJsonSchema(), null, 2);
