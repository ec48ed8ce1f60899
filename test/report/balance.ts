// A window and its balance, of a run that kept up.
export const BALANCE = {
  ...{
    from: 20.8,
    to: 125,
    in_flight_start: 90,
    offered: 2010,
    served: 2000,
    lost: 0,
    in_flight_end: 100,
    services: 26.7,
  },
  ...{ waiting_start: 2, waiting_end: 4, growth: 0.005, growth_error: 0.0069, wait: 0.1, service: 3.9 },
  ...{ waiting_growth: 0.001, waiting_growth_error: 0.004 },
};
const RUN = { run_from: 0, run_to: 142, run_requests: 2850, warmup: 'settled' as const };
export const WINDOW = { from: 20.8, to: 125, requests: 2010, ...RUN };
