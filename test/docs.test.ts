/** What the documents say is what the code does. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { GRANTED } from '../sandbox/github/auth.ts';
import { configSchema } from '../src/cli/config.ts';
import { NEEDED_EVENTS, NEEDED_PERMISSIONS } from '../src/domain/doctor/needs.ts';
import { VERDICT_TABLE } from '../src/domain/run/verdict.ts';
import { readSettings } from '../src/domain/settings/read-settings.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

describe('the glossary', () => {
  it('has the verdict table of the code', () => {
    const rows = Object.entries(VERDICT_TABLE).map(
      ([kind, { conclusion, status, end }]) => `| ${kind} | ${conclusion} | ${status ?? '–'} | ${end} |`,
    );
    // Prettier pads the columns.
    expect(read('docs/glossary.md').replace(/ +\|/g, ' |')).toContain(rows.join('\n'));
  });
});

describe('the README', () => {
  it('shows settings that are accepted as they stand', () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    expect(readSettings(yaml)).toMatchObject({ kind: 'settings', settings: { version: 1, preset: 'standard' } });
  });

  it('is no longer than one reads', () => {
    expect(read('README.md').split('\n').length).toBeLessThan(250);
  });
});

describe('schema/slsa-pipeline.schema.json', () => {
  it('is the grammar that the App reads by: `npm run cli -- config schema` writes it', () => {
    expect(JSON.parse(read('schema/slsa-pipeline.schema.json'))).toEqual(JSON.parse(configSchema()));
  });
});

describe('app.yml', () => {
  it('asks for no more than the sandbox grants, and never for workflows', () => {
    const { default_permissions: asked } = parse(read('app.yml')) as { default_permissions: Record<string, string> };
    expect(Object.keys(asked)).not.toContain('workflows');
    for (const [name, level] of Object.entries(asked)) expect([level, 'write']).toContain(GRANTED[name]);
  });

  it('asks for what the doctor looks for, and no more', () => {
    const { default_permissions: asked, default_events: events } = parse(read('app.yml')) as {
      default_permissions: Record<string, string>;
      default_events: string[];
    };
    expect(asked).toEqual(NEEDED_PERMISSIONS);
    expect(events).toEqual(NEEDED_EVENTS);
  });
});

describe('package.json', () => {
  it('T32: pins every dependency exactly', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });
});
