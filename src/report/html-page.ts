// The frame of every page: it loads nothing from anywhere, whatever a spec may contain.
import { PAGE_STYLE } from './html-style.ts';
import { html, type Markup, trusted } from './html-text.ts';

export interface PageHead {
  readonly title: string;
  readonly name: string;
  readonly version: string;
  /** Beside the style of all pages. */
  readonly style?: string;
  /** What the page does; a page without one may run nothing at all. */
  readonly script?: string;
}

/** The browser itself is told to load nothing, and to run nothing but the page's own script. */
function policyOf(script: string | undefined): string {
  const run = script === undefined ? '' : " script-src 'unsafe-inline';";
  return `default-src 'none'; style-src 'unsafe-inline';${run} img-src data:`;
}

export function drawPage({ title, name, version, style = '', script }: PageHead, body: Markup): string {
  const active = script === undefined ? '' : html`<div id="tip" hidden></div>\n<script>${trusted(script)}</script>\n`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script)}">
<meta name="generator" content="MIST ${version}">
<title>${title}</title>
<style>${trusted(PAGE_STYLE + style)}</style>
</head>
<body>
<main>
<header class="top"><b>MIST</b><span>${name}</span><span>version ${version}</span></header>
${body}
</main>
${active}</body>
</html>
`.text;
}
