/** Which settings hold where: an organisation's defaults under a repository's own, and the first rule that matches over both. */
import { matchesAny } from './ref-pattern.ts';
import type { EVENTS, Rule, SettingsFile } from './settings-schema.ts';

/** What a run is for, as rules name it. */
export interface Occasion {
  readonly event: (typeof EVENTS)[number];
  /** Of a push the branch or tag, of a pull request or a queue entry the branch that it asks for; without `refs/heads/`. */
  readonly ref: string;
}

export interface EffectiveSettings {
  readonly settings: SettingsFile;
  /** Counted from 1; null where none matches. */
  readonly rule: number | null;
  /** The preset that the rule names for this very event: it gives a pull request its stages too. */
  readonly presetForEvent: SettingsFile['preset'] | null;
}

export function settingsFor(settings: SettingsFile, occasion: Occasion): EffectiveSettings {
  const index = (settings.rules ?? []).findIndex((rule) => matches(rule, occasion));
  const rule = settings.rules?.[index];
  if (rule === undefined) return { settings, rule: null, presetForEvent: null };
  return {
    // `refs` and `event` of the rule come along, and mean nothing among settings.
    settings: { ...settings, ...rule },
    rule: index + 1,
    presetForEvent: rule.event === undefined ? null : (rule.preset ?? null),
  };
}

const matches = ({ refs, event }: Rule, occasion: Occasion): boolean =>
  (event === undefined || event === occasion.event) && (refs === undefined || matchesAny(occasion.ref, refs));

/**
 * Key by key, groups into each other; a list of names replaces the organisation's. Rules and exceptions of both count, the
 * repository's first.
 */
export function overOrganisation(organisation: SettingsFile, own: SettingsFile): SettingsFile {
  const { push, pull_request: pull } = organisation.on ?? {};
  return {
    ...organisation,
    ...own,
    on: {
      ...organisation.on,
      ...own.on,
      push: { ...push, ...own.on?.push },
      pull_request: { ...pull, ...own.on?.pull_request },
    },
    stages: { ...organisation.stages, ...own.stages },
    rules: [...(own.rules ?? []), ...(organisation.rules ?? [])],
    exceptions: [...(own.exceptions ?? []), ...(organisation.exceptions ?? [])],
  };
}
