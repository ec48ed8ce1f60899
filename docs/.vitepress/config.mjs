// The documentation as a site: the pages of docs/ as they are, in the order a reader needs them, with a search that runs in the page.
import { defineConfig } from 'vitepress';

const page = (text, name) => ({ text, link: `/docs/${name}` });
const group = (text, ...items) => ({ text, items });

export default defineConfig({
  title: 'MIST',
  description: 'Simulates LLM serving, request by request, fast enough to try every configuration.',
  srcDir: 'pages',
  outDir: 'public',
  cacheDir: 'node_modules/.cache',
  base: process.env.SITE_BASE ?? '/',
  lang: 'en',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcExclude: ['public/**'],
  rewrites: { 'README.md': 'index.md' },
  // Fonts and search are in the site: it asks nothing of anybody.
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Start', 'start'),
      page('Questions', 'questions'),
      page('Spec', 'spec-reference'),
      page('Accuracy', 'accuracy'),
    ],
    sidebar: [
      group(
        'First',
        { text: 'What it is', link: '/' },
        page('Start here', 'start'),
        page('Questions people ask', 'questions'),
        page('What comes out', 'results'),
      ),
      group(
        'Ask',
        page('A spec', 'spec'),
        page('Every key', 'spec-reference'),
        page('Pipelines', 'pipelines'),
        page('Studies', 'studies'),
        page('Commands in and out', 'commands'),
        page('At the terminal', 'terminal'),
        page('The explorer', 'explorer'),
        page('Long runs, many machines', 'long-runs'),
      ),
      group(
        'Believe',
        page('How the numbers are made', 'accuracy'),
        { text: 'Measured against', link: '/bench/validation' },
        page('Limits and known gaps', 'limits'),
        page('The scheduler, precisely', 'scheduler'),
      ),
      group(
        'Connect',
        page('Bring your own', 'calibration'),
        page('With the tools you have', 'tools'),
        page('As a library', 'library'),
        page('The library, call by call', 'library-reference'),
      ),
      group(
        'Build',
        page('Architecture', 'architecture'),
        page('Contributing', 'contributing'),
        { text: 'Benches', link: '/bench/README' },
        { text: 'Changes', link: '/CHANGELOG' },
      ),
    ],
  },
});
