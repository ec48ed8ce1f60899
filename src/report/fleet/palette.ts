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
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
.stacks{display:grid;grid-template-columns:max-content 1fr max-content;gap:10px 14px;align-items:center;font-size:13.5px;margin:14px 0 4px}
.stacks .stack{display:flex;height:26px;border-radius:5px;overflow:hidden;background:var(--tint)}
.stacks .stack i{display:block;height:100%;min-width:0}
.stacks .total{text-align:right;font-variant-numeric:tabular-nums;font-weight:560}
i.queue{opacity:.38}
.stack i.transfer{background-image:repeating-linear-gradient(135deg,transparent 0 3px,color-mix(in srgb,var(--paper) 62%,transparent) 3px 6px)}
.legend .box{border-radius:3px;width:11px;height:11px;vertical-align:-1px}
svg.plain{display:block;width:100%;height:auto;font:12px Inter,system-ui,sans-serif;fill:var(--soft)}
svg.plain .ink{fill:var(--ink)}
svg.plain .grid{stroke:var(--line)}
.grid2{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:22px 24px}
.grid2 svg.plain{max-width:420px}
.grid2 h3{margin:0 0 2px;font-size:13.5px;font-weight:560}
.grid2 h3 small{display:block;color:var(--soft);font-size:12px;font-weight:400}
.waterfall+.waterfall{margin-top:22px;padding-top:18px;border-top:1px solid var(--line)}
.waterfall h3{font-size:14px;margin:0 0 6px;font-weight:600}
.waterfall h3 small{font-weight:400;color:var(--soft)}
.visits{--names:280px;position:relative;padding-bottom:24px;font-size:12.5px}
.visits .axis{position:absolute;inset:0 0 24px var(--names)}
.visits .axis b{position:absolute;top:0;bottom:0;border-left:1px solid var(--line);font-weight:400}
.visits .axis span{position:absolute;top:100%;left:0;transform:translateX(-50%);padding-top:4px;color:var(--soft);font-size:12px;white-space:nowrap}
.visits .axis b:first-child span{transform:none}
.visit{position:relative;display:grid;grid-template-columns:calc(var(--names)*.55) calc(var(--names)*.45) 1fr;align-items:center;min-height:21px}
.visit>span,.visit>small{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding-right:10px}
.visit small{color:var(--soft);font-size:12px}
.lane{position:relative;height:21px}
.lane i{position:absolute;top:4px;height:13px;border-radius:2px}
.lane i.service{min-width:1.5px}
.lane i.transfer{top:9px;height:3px}
.lane em{position:absolute;top:1px;padding-left:6px;color:var(--soft);font-style:normal;white-space:nowrap}
td .dot{display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:7px}
.scroll.open{max-height:none}
.scroll.open th,.scroll.open td{padding:6px 6px}
.scroll.open th:first-child,.scroll.open td:first-child{padding-left:0}
td.group{border:0}
th.group{text-align:center;font-weight:600;box-shadow:none;padding-bottom:0}
@media (max-width:640px){.visits{--names:0px}.visit{grid-template-columns:auto 1fr;margin-top:3px}.visit>span{padding-right:8px}.lane{grid-column:1/-1}.lane em{background:none}}
`;
