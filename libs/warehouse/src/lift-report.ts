import { LIFT_DEFINITION, LIFT_VIEWS, type ContrastReason, type LiftArm, type LiftMetric } from "@leastwise/lift";
import { DAY_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import type { Warehouse } from "./port.js";

/** Which lift is asked for. */
export interface LiftQuestion {
  readonly experiment: string;
  /** First enrolments from here on … */
  readonly fromMs: Millis;
  /** … and before here. */
  readonly toMs: Millis;
  /** Nothing later is read. */
  readonly asOfMs: Millis;
  /** Orders up to so long after enrolment. Default {@link DEFAULT_HORIZON_MS}. */
  readonly horizonMs?: number;
  /** Returns up to so long after their order. Default {@link DEFAULT_RETURN_WINDOW_MS}. */
  readonly returnWindowMs?: number;
  /** The one currency of the report's money. */
  readonly currency: CurrencyCode;
}

/** Seven days. */
export const DEFAULT_HORIZON_MS = 7 * DAY_MS;

/** Thirty days. */
export const DEFAULT_RETURN_WINDOW_MS = 30 * DAY_MS;

/** One metric in one arm. */
export interface ArmFigure {
  /** Over all enrolled subjects, exact: money in minor units. */
  readonly sum: bigint;
  /** Per enrolled subject; absent if there is none. */
  readonly mean?: number;
}

/** Treatment − holdout. What is undefined is absent, and `reason` says why. */
export interface LiftContrast {
  readonly estimate?: number;
  /** Ends of the 95 % interval. */
  readonly interval?: readonly [low: number, high: number];
  /** Two-sided. */
  readonly pValue?: number;
  readonly reason?: ContrastReason;
}

export interface LiftReportMetric {
  readonly metric: LiftMetric;
  readonly arms: Readonly<Record<LiftArm, ArmFigure>>;
  /** Absolute difference of the means. */
  readonly difference: LiftContrast;
  /** The difference over the absolute value of the holdout's mean: 0.1 is ten per cent more. */
  readonly relative: LiftContrast;
}

/** Whether subjects fell into the arms in the shares they were to; if `alarm`, believe no figure of the report. */
export interface LiftSampleRatio {
  readonly expected: Readonly<Record<LiftArm, number>>;
  readonly chiSquare?: number;
  readonly pValue?: number;
  readonly alarm: boolean;
  /** Why there is no p value: `no_subjects`, or `one_arm_expected` if the whole was to go into one arm. */
  readonly reason?: string;
}

/** The lift table. */
export interface LiftReport {
  readonly question: Required<LiftQuestion>;
  /** Version of the definitions behind the figures. */
  readonly definition: string;
  /** Enrolled subjects by arm. */
  readonly subjects: Readonly<Record<LiftArm, number>>;
  /** Subjects whose horizon and return window had passed. */
  readonly matureSubjects: number;
  /** Orders counted with their whole revenue as margin because the cost of their goods is unknown, or without any money, the revenue being so too. */
  readonly ordersWithoutCost: number;
  /** Orders that add no money because they are in another currency. */
  readonly ordersOtherCurrency: number;
  /** In the order of LIFT_METRICS. */
  readonly metrics: readonly LiftReportMetric[];
  readonly sampleRatio: LiftSampleRatio;
}

interface LiftRow {
  readonly metric: LiftMetric;
  readonly treatment_subjects: string;
  readonly holdout_subjects: string;
  readonly treatment_sum: string;
  readonly holdout_sum: string;
  readonly treatment_mean: number | null;
  readonly holdout_mean: number | null;
  readonly difference: number | null;
  readonly difference_low: number | null;
  readonly difference_high: number | null;
  readonly difference_p: number | null;
  readonly difference_reason: ContrastReason | "";
  readonly relative: number | null;
  readonly relative_low: number | null;
  readonly relative_high: number | null;
  readonly relative_p: number | null;
  readonly relative_reason: ContrastReason | "";
  readonly mature_subjects: string;
  readonly orders_without_cost: string;
  readonly orders_other_currency: string;
}

interface SampleRatioRow {
  readonly treatment_expected: number;
  readonly holdout_expected: number;
  readonly chi_square: number | null;
  readonly p_value: number | null;
  readonly alarm: number;
  readonly reason: string;
}

const ARGUMENTS = `experiment = {experiment:String}, from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64},
  as_of_ms = {as_of_ms:Int64}, horizon_ms = {horizon_ms:Int64}, return_window_ms = {return_window_ms:Int64},
  currency = {currency:String}`;

/** Installs the lift's views. They hold no data: what the code says replaces what was there. After the migrations. */
export async function createLiftViews(warehouse: Warehouse): Promise<void> {
  for (const { sql } of LIFT_VIEWS) await warehouse.command(sql);
}

/** The lift of an experiment in a period. Errors: {@link Warehouse.query}. */
export async function liftReport(warehouse: Warehouse, asked: LiftQuestion): Promise<LiftReport> {
  const question = { horizonMs: DEFAULT_HORIZON_MS, returnWindowMs: DEFAULT_RETURN_WINDOW_MS, ...asked };
  const parameters = {
    experiment: question.experiment,
    from_ms: question.fromMs,
    to_ms: question.toMs,
    as_of_ms: question.asOfMs,
    horizon_ms: question.horizonMs,
    return_window_ms: question.returnWindowMs,
    currency: question.currency,
  };
  const rows = await warehouse.query<LiftRow>(`SELECT * FROM lift(${ARGUMENTS})`, parameters);
  const ratios = await warehouse.query<SampleRatioRow>(`SELECT * FROM lift_sample_ratio(${ARGUMENTS})`, parameters);
  const [first] = rows;
  const [ratio] = ratios;
  if (first === undefined || ratio === undefined) throw new Error("the lift views always have rows");
  return {
    question,
    definition: LIFT_DEFINITION,
    subjects: { treatment: Number(first.treatment_subjects), holdout: Number(first.holdout_subjects) },
    matureSubjects: Number(first.mature_subjects),
    ordersWithoutCost: Number(first.orders_without_cost),
    ordersOtherCurrency: Number(first.orders_other_currency),
    metrics: rows.map(metricOf),
    sampleRatio: {
      expected: { treatment: ratio.treatment_expected, holdout: ratio.holdout_expected },
      ...(ratio.chi_square === null ? {} : { chiSquare: ratio.chi_square }),
      ...(ratio.p_value === null ? {} : { pValue: ratio.p_value }),
      alarm: ratio.alarm === 1,
      ...(ratio.reason === "" ? {} : { reason: ratio.reason }),
    },
  };
}

function metricOf(row: LiftRow): LiftReportMetric {
  return {
    metric: row.metric,
    arms: {
      treatment: armFigure(row.treatment_sum, row.treatment_mean),
      holdout: armFigure(row.holdout_sum, row.holdout_mean),
    },
    difference: contrast(
      row.difference,
      row.difference_low,
      row.difference_high,
      row.difference_p,
      row.difference_reason,
    ),
    relative: contrast(row.relative, row.relative_low, row.relative_high, row.relative_p, row.relative_reason),
  };
}

function armFigure(sum: string, mean: number | null): ArmFigure {
  return { sum: BigInt(sum), ...(mean === null ? {} : { mean }) };
}

function contrast(
  estimate: number | null,
  low: number | null,
  high: number | null,
  pValue: number | null,
  reason: ContrastReason | "",
): LiftContrast {
  return {
    ...(estimate === null ? {} : { estimate }),
    ...(low === null || high === null ? {} : { interval: [low, high] as const }),
    ...(pValue === null ? {} : { pValue }),
    ...(reason === "" ? {} : { reason }),
  };
}
