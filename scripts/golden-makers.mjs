// What golden files hold that no command prints, by kind. `load` gives a module of the sources, or of what was built of them.
import { openCharts } from './golden-charts.mjs';
import { openLaunched } from './golden-launched.mjs';
import { openLowered } from './golden-lowered.mjs';
import { openMeasured } from './golden-measured.mjs';
import { openNotations } from './golden-notations.mjs';
import { openOthers } from './golden-others.mjs';
import { openSearches } from './golden-searches.mjs';
import { openTexts } from './golden-texts.mjs';

export const openMakers = (load) => ({
  charts: openCharts(load),
  launched: openLaunched(load),
  lowered: openLowered(load),
  measured: openMeasured(load),
  notations: openNotations(load),
  others: openOthers(load),
  searches: openSearches(load),
  texts: openTexts(load),
});
