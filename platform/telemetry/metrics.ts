/** What a metric is called, and which labels its series have. */
export interface MetricOptions<Label extends string> {
  /** Base unit and kind in it; of a counter, `_total` at its end unless others know it by another name. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Beyond so many series, all others are one whose labels say `overflow`. */
  readonly seriesMax?: number;
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Upper bounds, in ascending order; the last bucket has none. */
  readonly buckets: readonly number[];
}

export type MetricKind = "counter" | "gauge" | "histogram";

/** Enough for every route with all its methods and most of its statuses; not for one series per caller. */
const defaultSeriesMax = 2_000;
const overflow = "overflow";
const nameForm = /^[a-z_][a-z0-9_]*$/;

/** Goes up. */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** @param by not negative. */
  add(by = 1): void {
    this.#value += by;
  }
}

/** Goes up and down. */
export class Gauge {
  value = 0;
}

/** How values are spread. */
export class Histogram {
  readonly buckets: readonly number[];
  /** How many values fell into each bucket alone, the one without bound last. */
  readonly counts: Float64Array;
  #sum = 0;

  constructor(buckets: readonly number[]) {
    this.buckets = buckets;
    this.counts = new Float64Array(buckets.length + 1);
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    const { buckets } = this;
    let at = 0;
    while (at < buckets.length && value > buckets[at]!) at++;
    this.counts[at]!++;
    this.#sum += value;
  }

  /** Takes in what another one with the same bounds has seen. */
  add({ counts, sum }: Pick<Histogram, "counts" | "sum">): void {
    for (const [at, count] of counts.entries()) this.counts[at]! += count;
    this.#sum += sum;
  }
}

export type Series = Counter | Gauge | Histogram;

/** All series of one name. */
export class Metric<One extends Series = Series, Label extends string = string> {
  readonly kind: MetricKind;
  readonly options: MetricOptions<Label>;
  readonly #make: () => One;
  readonly #series = new Map<string, { readonly values: readonly string[]; readonly one: One }>();

  constructor(kind: MetricKind, options: MetricOptions<Label>, make: () => One) {
    this.kind = kind;
    this.options = options;
    this.#make = make;
  }

  /** The series with these labels. To be kept by whoever counts often: looking it up costs more than counting. */
  series(labels: Readonly<Record<Label, string>>): One {
    const values = this.options.labels.map((label) => labels[label]);
    const key = JSON.stringify(values);
    const known = this.#series.get(key);
    if (known) return known.one;
    const { seriesMax = defaultSeriesMax } = this.options;
    if (this.#series.size < seriesMax || values.every((value) => value === overflow)) {
      const one = this.#make();
      this.#series.set(key, { values, one });
      return one;
    }
    const all = this.options.labels.map((label) => [label, overflow]);
    return this.series(Object.fromEntries(all));
  }

  all(): Iterable<{ readonly values: readonly string[]; readonly one: One }> {
    return this.#series.values();
  }
}

/**
 * What a program counts of itself. A metric that is asked for by a name that is there already is that one:
 * what counts may come and go, the counts stay.
 */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>();

  counter<Label extends string>(options: MetricOptions<Label>): Metric<Counter, Label> {
    return this.#metric("counter", options, () => new Counter());
  }

  gauge<Label extends string>(options: MetricOptions<Label>): Metric<Gauge, Label> {
    return this.#metric("gauge", options, () => new Gauge());
  }

  histogram<Label extends string>(options: HistogramOptions<Label>): Metric<Histogram, Label> {
    return this.#metric("histogram", options, () => new Histogram(options.buckets));
  }

  all(): Iterable<Metric> {
    return this.#metrics.values();
  }

  /** @throws {RangeError} for a name that cannot be one, or that another kind of metric has. */
  #metric<One extends Series, Label extends string>(
    kind: MetricKind,
    options: MetricOptions<Label>,
    make: () => One,
  ): Metric<One, Label> {
    const { name, labels } = options;
    const known = this.#metrics.get(name);
    const isSame = known?.kind === kind && known.options.labels.join() === labels.join();
    if (known && !isSame) throw new RangeError(`Cannot define metric: another is "${name}"`);
    if (![name, ...labels].every((one) => nameForm.test(one))) {
      throw new RangeError(`Cannot define metric: no names are "${[name, ...labels].join()}"`);
    }
    const metric = known ?? new Metric(kind, options, make) as unknown as Metric;
    this.#metrics.set(name, metric);
    return metric as unknown as Metric<One, Label>;
  }
}
