/** From a place in the image to a line of the repository. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { candidatePaths, lineNaming } from '../../src/domain/scan/locate-finding.ts';

describe('a place in the image', () => {
  it.each([
    ['/app/package-lock.json', ['app/package-lock.json', 'package-lock.json']],
    ['/package-lock.json', ['package-lock.json']],
    ['/srv/a/b/c/poetry.lock', ['b/c/poetry.lock', 'c/poetry.lock', 'poetry.lock']],
    ['/app/../../etc/go.mod', ['app/etc/go.mod', 'etc/go.mod', 'go.mod']],
    ['/var/lib/dpkg/status', []],
    [
      '/app/node_modules/a/node_modules/@b/c/package.json',
      ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml'].flatMap((name) => [`app/${name}`, name]),
    ],
    ['/node_modules/lodash/package.json', ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml']],
    ['/app/src/package.json', []],
    [
      '/usr/lib/python3/site-packages/requests-2.32.0.dist-info/METADATA',
      ['requirements.txt', 'poetry.lock', 'uv.lock'],
    ],
    ['', []],
  ])('%j may come from %j', (location, paths) => {
    expect(candidatePaths(location)).toEqual(paths);
  });

  it('never leads out of the repository', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', 'go.mod'), { maxLength: 8 }), (parts) => {
        for (const path of candidatePaths(parts.join('/'))) {
          expect(path.startsWith('/')).toBe(false);
          expect(path.split('/')).not.toContain('..');
        }
      }),
    );
  });
});

const LOCK = `{
  "packages": {
    "": {
      "dependencies": { "lodash": "^4.17.0" }
    },
    "node_modules/lodash.merge": {
      "version": "4.17.20"
    },
    "node_modules/lodash": {
      "version": "4.17.20",
      "resolved": "https://registry.npmjs.org/lodash/-/lodash-4.17.20.tgz"
    }
  }
}`;

describe('the line that names a package', () => {
  it.each([
    ['with its version below', LOCK, 'lodash', '4.17.20', 9],
    ['by its name alone where no version stands near', LOCK, 'lodash', '9.9.9', 4],
    ['and not one whose name only begins so', LOCK, 'lodash.merge', '4.17.20', 6],
    ['in a list of requirements', 'flask==2.0\nflask-login==1.0\n', 'flask-login', '1.0', 2],
    ['nowhere', LOCK, 'left-pad', '1.0.0', null],
    ['of no name', LOCK, '', '1', null],
    ['whose name is a pattern', 'a(b)*c 1.0\n', 'a(b)*c', '1.0', 1],
  ])('is found: %s', (_, text, name, version, line) => {
    expect(lineNaming(text, { name, version })).toBe(line);
  });
});
