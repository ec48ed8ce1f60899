// How far a simulated figure may be off, by what its prices rest on: learnt from replays of measured runs (bench/validation.md).
