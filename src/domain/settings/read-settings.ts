/** The settings file's text → settings, or every mistake in it. */
import { NOT_YET_EFFECTIVE, SettingsFile } from './settings-schema.ts';
import { readYaml, type YamlMistake } from './strict-yaml.ts';

export type SettingsMistake = YamlMistake;

export type SettingsReading =
  | { readonly kind: 'settings'; readonly settings: SettingsFile }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly SettingsMistake[] };

export function readSettings(text: string): SettingsReading {
  const format = { schema: SettingsFile, noun: 'a setting', notYetEffective: NOT_YET_EFFECTIVE };
  const reading = readYaml(text, format);
  return reading.kind === 'read' ? { kind: 'settings', settings: reading.value } : reading;
}
