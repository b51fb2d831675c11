/** Preloaded into a process whose clock is to be wrong by `FAULTS_CLOCK_SHIFT_MS`: all that reads the wall clock reads that one. */
const shiftMs = Number(process.env["FAULTS_CLOCK_SHIFT_MS"] ?? 0);
const RightDate = Date;

globalThis.Date = class extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(RightDate.now() + shiftMs);
    else super(...given);
  }

  static now() {
    return RightDate.now() + shiftMs;
  }
};
