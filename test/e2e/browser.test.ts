/** Our pages and our Markdown in a real browser: axe finds nothing. Skipped, by name, where there is no browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import MarkdownIt from 'markdown-it';
import type { Browser } from 'puppeteer-core';
import { Sandbox } from '../../sandbox/box.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { createLogger } from '../../src/cli/logging.ts';
import { startSetup, type SetupStarted } from '../../src/cli/setup.ts';
import { helpReply } from '../../src/domain/command/replies.ts';
import { findChromium, githubPage, openBrowser } from '../browser/chromium.ts';

const chromium = findChromium();
const describeInBrowser = chromium === null ? describe.skip : describe;

describeInBrowser('in a real browser (skipped where there is none: set CHROME_PATH)', () => {
  let browser: Browser;
  let sandbox: Sandbox;
  let setup: SetupStarted;
  let folder: string;

  beforeAll(async () => {
    browser = await openBrowser(chromium ?? '');
    sandbox = await Sandbox.start({ kind: true });
    folder = mkdtempSync(join(tmpdir(), 'browser-'));
    const environment = readEnvironment({ GITHUB_API_URL: sandbox.url, PORT: '0' });
    setup = await startSetup(environment, join(folder, '.env'), createLogger('silent'));
  });
  afterAll(async () => {
    await browser.close();
    await setup.stop();
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What axe objects to, each with the element. */
  async function objections(address: string | { readonly html: string }): Promise<string[]> {
    const page = await browser.newPage();
    try {
      await page.setBypassCSP(true);
      if (typeof address === 'string') await page.goto(address);
      else await page.setContent(address.html);
      await page.evaluate(axe.source);
      const results = (await page.evaluate('axe.run()')) as AxeResults;
      expect(results.passes.length).toBeGreaterThan(3);
      return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    } finally {
      await page.close();
    }
  }

  it.each([
    ['the first page', () => setup.address],
    ['its mistakes', () => `${setup.address}&name=&organisation=!&address=x`],
    ['the way to GitHub', () => `${setup.address}&name=x&organisation=&address=https%3A%2F%2Fslsa.example.org`],
    ['a refusal', () => `${setup.url}/setup`],
  ])('axe finds nothing on %s of the set-up', async (_, address) => {
    expect(await objections(address())).toEqual([]);
  });

  it('axe finds nothing in an answer as GitHub shows it', async () => {
    const body = new MarkdownIt({ html: true }).render(helpReply('write'));
    expect(await objections({ html: githubPage('A reply', `<h1>A reply</h1>${body}`) })).toEqual([]);
  });

  it('the form leads a person, by keyboard alone, to the page that goes on to GitHub', async () => {
    const page = await browser.newPage();
    await page.goto(setup.address);
    await page.focus('#name');
    await page.keyboard.type('acme SLSA');
    await page.keyboard.press('Tab');
    await page.keyboard.type('acme');
    await page.keyboard.press('Tab');
    await page.keyboard.type('https://slsa.example.org');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await page.title()).toBe('Create the App on GitHub');
    await page.close();
  });
});
