// Colours of stages, one per stage in the order of the program, and the styles that only pages of pipelines need.

/** Twelve hues that stay apart for colour-blind readers when neighbours; they repeat beyond. */
const LIGHT = [
  '#2b6cb0',
  '#d9822b',
  '#0b7a5c',
  '#b8478f',
  '#7a6bd1',
  '#a08a1e',
  '#2a9db5',
  '#c0504d',
  '#5f8a3a',
  '#8a5a36',
  '#4f62a8',
  '#7d8694',
];
const DARK = [
  '#6aa9f0',
  '#e8a15a',
  '#3ecf9c',
  '#e58ac4',
  '#a99cf5',
  '#d3bd55',
  '#5fc9de',
  '#ef8a86',
  '#9ccb74',
  '#c99770',
  '#8fa2ea',
  '#a5aebc',
];

export function stageColour(stage: number): string {
  return `var(--stage${stage % LIGHT.length})`;
}

const variables = (colours: readonly string[]): string => colours.map((hex, i) => `--stage${i}:${hex}`).join(';');

export const FLEET_STYLE = `
:root{${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
.stacks{display:grid;grid-template-columns:max-content 1fr max-content;gap:10px 14px;align-items:center;font-size:13.5px;margin:14px 0 4px}
.stacks .stack{display:flex;height:26px;border-radius:5px;overflow:hidden;background:var(--tint)}
.stacks .stack i{display:block;height:100%;min-width:0}
.stacks .total{text-align:right;font-variant-numeric:tabular-nums;font-weight:560}
i.queue,rect.queue{opacity:.38}
i.transfer{background-image:repeating-linear-gradient(135deg,transparent 0 3px,color-mix(in srgb,var(--paper) 62%,transparent) 3px 6px)}
.legend .box{border-radius:3px;width:11px;height:11px;vertical-align:-1px}
svg.plain{display:block;width:100%;height:auto;font:12px Inter,system-ui,sans-serif;fill:var(--soft)}
svg.plain .ink{fill:var(--ink)}
svg.plain .grid{stroke:var(--line)}
.grid2{display:grid;grid-template-columns:1fr 1fr;gap:18px 28px}
.grid2 h3{margin:0 0 2px;font-size:13.5px;font-weight:560;display:flex;gap:8px;justify-content:space-between}
.grid2 h3 small{color:var(--soft);font-weight:400}
.waterfall+.waterfall{margin-top:22px;padding-top:18px;border-top:1px solid var(--line)}
.waterfall{overflow-x:auto}
.waterfall svg.plain{min-width:680px}
.waterfall h3{font-size:14px;margin:0 0 6px;font-weight:600}
.waterfall h3 small{font-weight:400;color:var(--soft)}
td .dot{display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:7px}
.scroll.open{max-height:none}
.scroll.open th,.scroll.open td{padding:6px 6px}
.scroll.open th:first-child,.scroll.open td:first-child{padding-left:0}
th.group{text-align:center;font-weight:600;box-shadow:none;padding-bottom:0}
@media (max-width:900px){.grid2{grid-template-columns:1fr}}
@media print{i.transfer,.stacks .stack i,.legend i{print-color-adjust:exact}}
`;
