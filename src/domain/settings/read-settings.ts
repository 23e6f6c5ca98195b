/** The settings file's text → settings, or every mistake in it. */
import { NOT_FOR_ORGANISATIONS, NOT_YET_EFFECTIVE, SettingsFile } from './settings-schema.ts';
import { readYaml, type RefusedKey, type YamlMistake } from './strict-yaml.ts';

export type SettingsMistake = YamlMistake;

export type SettingsReading =
  | { readonly kind: 'settings'; readonly settings: SettingsFile }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly SettingsMistake[] };

export const readSettings = (text: string): SettingsReading => readRefusing(text, NOT_YET_EFFECTIVE);

/** The file of an organisation's repository `.github`: defaults for those of its repositories that say `extends: org`. */
export const readOrganisationSettings = (text: string): SettingsReading => readRefusing(text, NOT_FOR_ORGANISATIONS);

function readRefusing(text: string, refused: readonly RefusedKey[]): SettingsReading {
  const reading = readYaml(text, { schema: SettingsFile, noun: 'a setting', refused });
  return reading.kind === 'read' ? { kind: 'settings', settings: reading.value } : reading;
}
