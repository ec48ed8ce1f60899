// Instances that start and stop while a fleet runs, and who decides that: a scaler looks at its instances once an interval.

// States of an instance
export const INSTANCE_OFF = 0;
export const INSTANCE_STARTING = 1;
export const INSTANCE_ON = 2; // new visits come to it
export const INSTANCE_DRAINING = 3; // no new ones do: it ends what it has, and is off
export const INSTANCE_FAILED = 4; // no visits come to it and it loses those that it has: when its step under way is over it starts

// A failure of an instance (24 bytes)
export const OUTAGE_TIME = 0; // f64, s
export const OUTAGE_LASTS = 8; // f64, s until it is on again
export const OUTAGE_CLIENT = 16; // i32, its first client
export const OUTAGE_BYTES = 24;

// A scaler (cells)
export const SCALER_MEMBERS = 0; // address i32: the first client of every instance; the first LEAST are always on
export const SCALER_COUNT = 1; // i32
export const SCALER_LEAST = 2; // i32, instances that are on at least
export const SCALER_POLICY = 3; // i32, SCALING_*
export const SCALER_TARGET = 4; // f64, of one instance
export const SCALER_TOLERANCE = 5; // f64, share of the target that the measure may be off it
export const SCALER_INTERVAL = 6; // f64, s between two looks
export const SCALER_START = 7; // f64, s that an instance takes to start
export const SCALER_OUT_LOOKS = 8; // i32, looks whose least wish lets more start
export const SCALER_IN_LOOKS = 9; // i32, looks whose largest wish lets some stop
export const SCALER_MOST_OUT = 10; // i32, instances started by one look
export const SCALER_MOST_IN = 11; // i32, instances stopped by one look
export const SCALER_WISHES = 12; // address i32[SCALER_WISH_ROOM]: what the latest looks wished for
export const SCALER_WISH_ROOM = 13; // i32
export const SCALER_LOOKS = 14; // f64, looks so far: a whole number
export const SCALER_BUSY = 15; // address f64 per instance, s that it had been busy at the last look
export const SCALER_SAME = 16; // f64, the latest looks that all wished for the same
export const SCALER_MOVED = 17; // i32, whether the last look measured what only its own interval knows (a share of it)
export const SCALER_CELLS = 18;

// A change of an instance (16 bytes)
export const CHANGE_TIME = 0; // f64, s
export const CHANGE_CLIENT = 8; // i32, its first client
export const CHANGE_STATE = 12; // i32, INSTANCE_*
export const CHANGE_BYTES = 16;
