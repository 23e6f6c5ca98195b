/** `npm run picture`: plays the demo and makes docs/pictures of what it showed, in a real browser. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import MarkdownIt from 'markdown-it';
import { findChromium, githubPage, openBrowser } from './chromium.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = `${ROOT}docs/pictures`;

const executable = findChromium();
if (executable === null) throw new Error('There is no browser: set CHROME_PATH, or install chromium.');

const { stdout } = spawnSync(process.execPath, ['src/cli/main.ts', 'demo'], { cwd: ROOT, encoding: 'utf8' });
const markdown = new MarkdownIt({ html: true });

/** The checks, each between two rules. */
const checks = [...stdout.matchAll(/── check run "([^"]*)" · (\S+) ─+\n([\s\S]*?)\n─{20,}/g)].map(
  ([, name = '', conclusion = '', text = '']) => ({ name, conclusion, text }),
);
if (checks.length === 0) throw new Error('The demo has shown no check: run it by itself to see why.');

const escaped = (text: string): string => markdown.utils.escapeHtml(text);
const browser = await openBrowser(executable);
mkdirSync(FOLDER, { recursive: true });
for (const { name, conclusion, text } of checks.slice(0, 2)) {
  const [title = '', ...summary] = text.split('\n');
  const html = markdown.render(summary.join('\n'));
  await shoot(`check-${conclusion}`, `<h1>${escaped(name)}: ${escaped(title)}</h1>${html}`);
}
await browser.close();

async function shoot(name: string, body: string): Promise<void> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1200, height: 400 });
  await page.setContent(githubPage(name, body));
  const main = await page.$('main');
  await main?.screenshot({ path: `${FOLDER}/${name}.png` });
  await page.close();
  process.stdout.write(`${FOLDER}/${name}.png\n`);
}
