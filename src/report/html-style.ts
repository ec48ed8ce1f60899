// The look of the report page: one column of cards, light and dark by the reader's setting, printable.
import { cssVariables, DARK, LIGHT } from './chart.ts';

const PAGE_LIGHT = {
  '--ground': '#f5f6f8',
  '--tint': '#eef1f5',
  '--good': '#086b50',
  '--bad': '#9e3d12',
  '--mute': '#7a8291',
};
const PAGE_DARK = {
  '--ground': '#0f1116',
  '--tint': '#20242d',
  '--good': '#3ecf9c',
  '--bad': '#f0915c',
  '--mute': '#7e8798',
};

/** On paper: always light, colours as they are, the answer with its figures and pictures on the first page, which is the summary for a meeting. */
const PRINT = `@media print{
@page{size:A4;margin:11mm}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{background:#fff;font-size:12px}
main{padding:0;max-width:none}
.card{padding:12px 14px;margin-top:9px}
h1{font-size:26px}
h1.long{font-size:20px}
.question,.sub{font-size:13px;margin-bottom:6px}
.why{margin-top:8px;padding-top:8px;font-size:10.5px;line-height:1.4}
.price{text-align:right}
.price strong{font-size:26px}
.pair{grid-template-columns:1fr 1fr;gap:9px}
figure .wide{display:none}
figure .narrow{display:block}
figure .narrow svg{max-width:265px}
.legend{font-size:10.5px;gap:2px 12px}
.note{font-size:10.5px}
.strip{gap:8px;margin-top:9px;grid-template-columns:repeat(auto-fit,minmax(104px,1fr))}
.tile{padding:8px 9px}
.tile b{font-size:16px}
.tile b small,.tile p{font-size:10px}
.tile b small{white-space:normal;display:block}
.tile:last-child:nth-child(odd){grid-column:auto}
.scroll{max-height:none;overflow:visible;margin:0;padding:0}
.scroll table{font-size:8px}
.scroll :is(th,td){padding:2px 3px;white-space:normal;position:static}
.scroll th{font-size:8px}
main .scroll.open :is(th,td){padding:2px 3px}
.scroll .pill{font-size:8px;padding:0 4px}
.tile,figure,tr,.waterfall,.stacks{break-inside:avoid}
h2,h3{break-after:avoid}
.pair:has(figure){break-after:page}
#ranking tbody tr:nth-child(n+31),.tools,.copy,#tip{display:none}
}`;

export const PAGE_STYLE = `
:root{color-scheme:light dark;${cssVariables(LIGHT)};${cssVariables(PAGE_LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${cssVariables(DARK)};${cssVariables(PAGE_DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 Inter,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1280px;margin:0 auto;padding:28px 24px 64px}
.top{display:flex;gap:12px;align-items:baseline;color:var(--soft);font-size:13px;margin-bottom:18px}
.top b{color:var(--ink);letter-spacing:.14em;font-size:14px}
.top span:last-child{margin-left:auto}
.card{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin-top:16px;min-width:0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}
.hero{padding:28px 30px 24px}
.question{color:var(--soft);margin:0 0 16px;font-size:16px;max-width:70ch}
.label{color:var(--soft);font-size:13px;margin:0}
h1{font-size:40px;line-height:1.12;letter-spacing:-.022em;margin:2px 0 6px;font-weight:680;text-wrap:balance}
h1.long{font-size:28px}
.sub{font-size:16px;color:var(--soft);margin:0;max-width:100ch}
.hero .row{display:flex;flex-wrap:wrap;gap:12px 40px;align-items:flex-end;justify-content:space-between}
.price{text-align:right}
.price strong{font-size:34px;font-weight:640;letter-spacing:-.02em;line-height:1.1;display:block}
.why{margin:18px 0 0;padding:14px 0 0;border-top:1px solid var(--line);color:var(--soft);list-style:none}
.why li{margin:2px 0}
h2{font-size:17px;margin:0 0 4px;letter-spacing:-.01em}
.note{color:var(--soft);font-size:13.5px;margin:0 0 14px;max-width:90ch}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin-top:16px}
.tile{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.tile b{display:block;font-size:23px;font-weight:620;letter-spacing:-.015em;line-height:1.25;font-variant-numeric:tabular-nums}
.tile b small{white-space:nowrap;font-size:13px;font-weight:450;color:var(--soft);letter-spacing:0}
.tile p{margin:0;color:var(--soft);font-size:12.5px}
.gauge{height:5px;border-radius:3px;background:var(--tint);margin:7px 0 4px;overflow:hidden}
.gauge i{display:block;height:100%;border-radius:3px;background:var(--good)}
.gauge.bad i{background:var(--bad)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--soft);font-size:13px;margin:0 0 10px;padding:0;list-style:none}
.legend i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:6px}
.legend .line{width:16px;height:2px;border-radius:1px;vertical-align:middle;background:var(--front)}
.legend .line.band{height:7px;opacity:.4}
.legend .line.bar{background:var(--soft);opacity:.6;height:1.2px}
figure{margin:0}
figcaption{font-weight:620;font-size:15px;margin-bottom:2px}
figure svg{width:100%;height:auto;font-family:inherit}
figure circle[data-row]{cursor:pointer}
figure .narrow{display:none}
figure .narrow svg{max-width:440px}
figure .note{margin:8px 0 0}
.scroll{overflow:auto;max-height:680px;margin:0 -24px -22px;padding:0 24px 16px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:6px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:540;font-size:12px;position:sticky;top:0;background:var(--paper);vertical-align:bottom;box-shadow:inset 0 -1px var(--line);border:0}
th:first-child,td:first-child{padding-left:0}
th.left,td.left{text-align:left}
th button{all:unset;cursor:pointer}
th button:focus-visible{outline:2px solid var(--met);border-radius:3px}
th[aria-sort=ascending] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
tbody tr:hover{background:var(--tint)}
tbody tr.picked{background:color-mix(in srgb,var(--met) 20%,transparent)}
tr.first td{font-weight:620}
td small{color:var(--soft);font-weight:400}
td.guess{color:var(--soft)}
.pill{display:inline-block;padding:1px 9px;border-radius:99px;font-size:12px;font-weight:520;background:var(--tint);color:var(--soft)}
.pill.met{color:var(--good);background:color-mix(in srgb,var(--good) 14%,transparent)}
.pill.missed{color:var(--bad);background:color-mix(in srgb,var(--bad) 14%,transparent)}
.tools{display:flex;gap:12px;align-items:center;margin-bottom:8px;flex-wrap:wrap}
input[type=search]{font:inherit;font-size:13.5px;padding:6px 12px;border:1px solid var(--line);border-radius:8px;background:var(--ground);color:inherit;min-width:240px}
.bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:7px 14px;align-items:center;font-size:13.5px;margin:0}
.bars dt{text-align:left;max-width:46ch}
.bars dd{margin:0}
.bars .track{height:14px;background:var(--tint);border-radius:4px;overflow:hidden}
.bars .track i{display:block;height:100%;background:var(--screened);border-radius:4px;min-width:2px}
.bars .track.met i{background:var(--good)}
.bars .track.run i{background:var(--met)}
.bars .count{text-align:right;font-variant-numeric:tabular-nums}
pre{font:13px/1.55 ui-monospace,"SF Mono",Menlo,Consolas,monospace;background:var(--ground);border:1px solid var(--line);border-radius:10px;padding:14px 16px;margin:0;overflow-x:auto;tab-size:2}
.code{position:relative}
.copy{position:absolute;top:8px;right:8px;font:inherit;font-size:12.5px;padding:3px 12px;border-radius:7px;border:1px solid var(--line);background:var(--paper);color:var(--ink);cursor:pointer}
details{margin-top:12px}
summary{cursor:pointer;color:var(--soft)}
details pre{margin-top:10px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:5px 22px;font-size:13.5px;margin:0}
.facts dt{color:var(--soft)}
.facts dd{margin:0}
#tip{position:fixed;z-index:9;pointer-events:none;white-space:pre;background:var(--ink);color:var(--paper);padding:8px 12px;border-radius:8px;font-size:12.5px;line-height:1.5;max-width:92vw;overflow:hidden;text-overflow:ellipsis;box-shadow:0 6px 24px #0004}
@media (max-width:900px){.pair{grid-template-columns:1fr}h1{font-size:30px}h1.long{font-size:21px}.price{text-align:left}main{padding:20px 14px 48px}.card{padding:18px}.scroll{margin:0 -18px -18px;padding:0 18px 12px}.bars{grid-template-columns:1fr max-content}.bars .bar{display:none}}
@media (max-width:640px){figure .wide{display:none}figure .narrow{display:block}.tile{padding:12px}.tile b{font-size:19px}.tile:last-child:nth-child(odd){grid-column:1/-1}.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:8px}}
@media (max-width:640px){.copy{position:static;display:block;margin-top:8px}td .pill{white-space:normal}}
${PRINT}
`;
