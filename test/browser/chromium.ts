/** A real browser, where one is on the machine: `CHROME_PATH`, or Debian's chromium. Nothing fetches one. */
import { existsSync } from 'node:fs';
import puppeteer, { type Browser } from 'puppeteer-core';

const PLACES = [process.env['CHROME_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'];

export const findChromium = (): string | null =>
  PLACES.find((path): path is string => path !== undefined && existsSync(path)) ?? null;

/** Pages here are our own, on loopback: the browser's own sandbox needs rights that containers do not give. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** What GitHub makes of Markdown, as far as our checks use it. */
export const githubPage = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>
body { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; margin: 0; }
main { padding: 24px; max-width: 1150px; }
h1 { font-size: 20px; } table { border-collapse: collapse; margin: 0 0 16px; } th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }
code, pre { font: 12px ui-monospace, monospace; background: #f6f8fa; border-radius: 6px; } code { padding: 2px 5px; }
pre { padding: 12px; white-space: pre-wrap; overflow-wrap: anywhere; } a { color: #0969da; }
.terminal { background: #0d1117; color: #e6edf3; }
</style></head><body><main>${body}</main></body></html>`;
