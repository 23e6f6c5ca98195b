/** What the documents say is what the code does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { GRANTED } from '../sandbox/github/auth.ts';
import { configSchema } from '../src/cli/config.ts';
import { Environment, readEnvironment } from '../src/cli/environment.ts';
import { temporalAddress } from '../src/cli/temporal-address.ts';
import { NEEDED_EVENTS, NEEDED_PERMISSIONS } from '../src/domain/doctor/needs.ts';
import { PROBLEM_CODES } from '../src/domain/problem.ts';
import { VERDICT_TABLE } from '../src/domain/run/verdict.ts';
import { readSettings } from '../src/domain/settings/read-settings.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

function markdownIn(folder: string): string[] {
  return readdirSync(new URL(`../${folder}`, import.meta.url))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}${file}`);
}

/** As GitHub makes anchors of headings. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

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

describe('docs/errors', () => {
  it.each(PROBLEM_CODES)('has a page about %s that says what to do, and is in the list', (code) => {
    const page = read(`docs/errors/${code}.md`);
    expect(page).toContain(`# \`${code}\`: `);
    expect(page).toMatch(/\*\*What you can do:\*\* \S/);
    expect(read('docs/errors/README.md')).toContain(`[\`${code}\`](${code}.md)`);
  });

  it('has pages about nothing else', () => {
    const pages = readdirSync(new URL('../docs/errors', import.meta.url)).filter((file) => file !== 'README.md');
    expect(pages.toSorted()).toEqual(PROBLEM_CODES.map((code) => `${code}.md`).toSorted());
  });
});

describe('links between documents', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    ...markdownIn('docs/'),
    ...markdownIn('docs/adr/'),
    ...markdownIn('docs/errors/'),
  ];

  it.each(documents)('of %s lead to what is there', (document) => {
    const base = new URL(`../${document}`, import.meta.url);
    const broken = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? base : new URL(path, base);
        if (!existsSync(file)) return true;
        return anchor !== undefined && !headingsOf(readFileSync(file, 'utf8')).includes(anchor);
      });
    expect(broken).toEqual([]);
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

describe('compose.yaml', () => {
  interface Service {
    readonly command?: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly networks: readonly string[];
  }
  const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };

  it.each(['serve', 'worker'])('gives %s a command and an environment that the App knows', (name) => {
    const service = services[name];
    expect(service?.command).toEqual([name]);
    expect(Object.keys(Environment.shape)).toEqual(expect.arrayContaining(Object.keys(service?.environment ?? {})));
    expect(() => temporalAddress(readEnvironment({ ...service?.environment }))).not.toThrow();
  });

  it('lets neither the database nor Temporal out', () => {
    expect([services['database']?.networks, services['temporal']?.networks]).toEqual([['inside'], ['inside']]);
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
