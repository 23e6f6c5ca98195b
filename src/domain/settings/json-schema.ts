/** The settings' grammar for editors. What a value must be beyond its form (a date that exists, say) only the App checks. */
import { z } from 'zod';
import { SettingsFile, SETTINGS_PATH } from './settings-schema.ts';

export const settingsJsonSchema = (): object => ({
  ...z.toJSONSchema(SettingsFile, { target: 'draft-7' }),
  title: SETTINGS_PATH,
});
