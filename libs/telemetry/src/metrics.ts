import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { CATALOGUE, type Catalogue, type MetricMember, type MetricSpec } from "./catalogue.js";
import { OTHER, type LabelBound } from "./label-sets.js";

/** A value for each label of the metric, no more and no fewer. A value outside of the label's bound shows as `other`. */
export type LabelValues<Member extends MetricMember> = Readonly<Record<keyof Catalogue[Member]["labels"], string>>;

/** One series of a counter. */
export interface CounterSeries {
  /** Counts on. @param amount 0 or more, 1 if absent */
  add(amount?: number): void;
}

/** One series of a gauge. */
export interface GaugeSeries {
  /** Shows this value from now on. */
  set(value: number): void;
  /** Shows so much more from now on; less if negative. */
  add(amount: number): void;
}

/** One series of a histogram. */
export interface HistogramSeries {
  /** Counts one observation. @param value in the metric's unit */
  observe(value: number): void;
}

/** A series of a metric of this type. */
type SeriesOf<Type extends MetricSpec["type"]> = Type extends "counter"
  ? CounterSeries
  : Type extends "gauge"
    ? GaugeSeries
    : HistogramSeries;

/** A metric: ask it for a series once, outside of the hot path, and keep that. */
export interface Metric<Member extends MetricMember> {
  /** The series with these label values. The same values give the same series. */
  with(values: LabelValues<Member>): SeriesOf<Catalogue[Member]["type"]>;
  /** Forgets every series, for example of partitions that are no longer this process's. */
  clear(): void;
}

/** The catalogue, to count with: `metrics.rpcRequests.with({ service, method, code }).add()`. */
export type Metrics = { readonly [Member in MetricMember]: Metric<Member> };

/** A metric with all that any type of it can; callers see only what its own type can. */
interface AnyMetric {
  with(values: Readonly<Record<string, string>>): AnySeries;
  clear(): void;
}
type AnySeries = CounterSeries & GaugeSeries & HistogramSeries;

/** Registers the whole catalogue, and no more than it. Series without labels show at once, as 0. */
export function createMetrics(registry: Registry): Metrics {
  const members = Object.keys(CATALOGUE) as MetricMember[];
  const metrics = {} as Record<MetricMember, AnyMetric>;
  const countOther = (metric: string, label: string): void => {
    metrics.labelValuesOther.with({ metric, label }).add();
  };
  for (const member of members) metrics[member] = createMetric(CATALOGUE[member], registry, countOther);
  return metrics;
}

/** Called each time that a value had to be shown as `other`. */
type CountOther = (metric: string, label: string) => void;

function createMetric(spec: MetricSpec, registry: Registry, countOther: CountOther): AnyMetric {
  const labels = Object.entries(spec.labels).map(([name, bound]) => ({ name, admits: admission(bound) }));
  const { seriesOf, clear } = register(spec, registry);
  const known = new Map<string, AnySeries>();
  return {
    with(values) {
      const bounded: Record<string, string> = {};
      let key = "";
      for (const { name, admits } of labels) {
        const value = values[name];
        if (value === undefined) throw new TypeError(`${spec.name} needs a value for its label ${name}`);
        const shown = value === OTHER || admits(value) ? value : OTHER;
        if (shown !== value) countOther(spec.name, name);
        bounded[name] = shown;
        key += `${shown}\n`;
      }
      const existing = known.get(key);
      if (existing !== undefined) return existing;
      const series = seriesOf(bounded);
      known.set(key, series);
      return series;
    },
    clear() {
      known.clear();
      clear();
    },
  };
}

/** Tells whether a value may be shown. An open label remembers the values it let in, so its memory is bounded too. */
function admission(bound: LabelBound): (value: string) => boolean {
  if (bound.kind === "closed") {
    const values = new Set(bound.values);
    return (value) => values.has(value);
  }
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return true;
    if (seen.size >= bound.valuesMax || !OPEN_VALUE.test(value)) return false;
    seen.add(value);
    return true;
  };
}

/** What an open label's value may look like: a token, a route's pattern, a version; never a sentence or an e-mail. */
const OPEN_VALUE = /^[A-Za-z0-9_.:/*{}+-]{1,64}$/;

interface Registered {
  readonly seriesOf: (values: Record<string, string>) => AnySeries;
  readonly clear: () => void;
}

function register(spec: MetricSpec, registry: Registry): Registered {
  const { name, help } = spec;
  const base = { name, help, labelNames: Object.keys(spec.labels), registers: [registry] };
  const clear = (): void => {
    metric.reset();
  };
  let metric: Counter | Gauge | Histogram;
  switch (spec.type) {
    case "counter": {
      const counter = (metric = new Counter(base));
      return { clear, seriesOf: (values) => counterSeries(counter.labels(values)) };
    }
    case "gauge": {
      const gauge = (metric = new Gauge(base));
      return { clear, seriesOf: (values) => gaugeSeries(gauge.labels(values)) };
    }
    case "histogram": {
      const histogram = (metric = new Histogram({ ...base, buckets: [...spec.buckets] }));
      return { clear, seriesOf: (values) => histogramSeries(histogram.labels(values)) };
    }
  }
}

function counterSeries(child: Counter.Internal): AnySeries {
  return {
    add: (amount = 1) => {
      child.inc(amount);
    },
    set: notOfThisType,
    observe: notOfThisType,
  };
}

function gaugeSeries(child: Gauge.Internal<string>): AnySeries {
  return {
    add: (amount = 1) => {
      child.inc(amount);
    },
    set: (value) => {
      child.set(value);
    },
    observe: notOfThisType,
  };
}

function histogramSeries(child: Histogram.Internal<string>): AnySeries {
  return {
    observe: (value) => {
      child.observe(value);
    },
    set: notOfThisType,
    add: notOfThisType,
  };
}

function notOfThisType(): never {
  throw new TypeError("the types of the catalogue keep callers from this");
}
