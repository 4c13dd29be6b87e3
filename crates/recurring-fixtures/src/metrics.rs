//! What a test's code counts through the `metrics` facade.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// Keeps everything that the program of a test counts, from all threads.
#[derive(Debug, Clone, Default)]
pub struct Recorded(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// By name and labels: the sum of a counter, the last value of a gauge, the number of values of a histogram.
    values: BTreeMap<Series, f64>,
    /// The kind and the unit of each name that was described.
    described: BTreeMap<String, String>,
}

/// A name, the kind, and its labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    name: String,
    kind: &'static str,
    labels: BTreeMap<String, String>,
}

impl Recorded {
    /// Installs a recorder for the whole program, which can be done once.
    ///
    /// # Panics
    /// When there is one already.
    #[must_use]
    pub fn install() -> Self {
        let recorded = Self::default();
        metrics::set_global_recorder(recorded.clone()).expect("no other recorder");
        recorded
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of all series with this name that have these labels, added up.
    #[must_use]
    #[allow(clippy::float_arithmetic, reason = "values of metrics are floats")]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &Series| {
            labels.iter().all(|(name, value)| series.labels.get(*name).is_some_and(|found| found == value))
        };
        let seen = self.seen();
        seen.values
            .iter()
            .filter(|(series, _)| series.name == name && has(series))
            .map(|(_, value)| value)
            .sum()
    }

    /// Each name that was counted, with its kind, and all labels that any of its series has.
    #[must_use]
    pub fn emitted(&self) -> BTreeMap<String, (&'static str, BTreeSet<String>)> {
        let mut emitted: BTreeMap<String, (&'static str, BTreeSet<String>)> = BTreeMap::new();
        for series in self.seen().values.keys() {
            let (_, labels) = emitted.entry(series.name.clone()).or_insert((series.kind, BTreeSet::new()));
            labels.extend(series.labels.keys().cloned());
        }
        emitted
    }

    /// Each name that was described, with its kind and its unit: `counter`, `histogram in seconds`.
    #[must_use]
    pub fn described(&self) -> BTreeMap<String, String> {
        self.seen().described.clone()
    }

    /// Everything, as text: to look for what must not be in it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#?}", self.seen())
    }

    fn describe(&self, kind: &str, name: &KeyName, unit: Option<Unit>) {
        let unit = unit.map(|unit| format!(" in {}", unit.as_str())).unwrap_or_default();
        self.seen().described.insert(name.as_str().to_owned(), format!("{kind}{unit}"));
    }

    fn handle(&self, kind: &'static str, key: &Key) -> Arc<Handle> {
        let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        let series = Series { name: key.name().to_owned(), kind, labels };
        Arc::new(Handle { series, recorded: self.clone() })
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe("counter", &name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe("gauge", &name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe("histogram", &name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle("histogram", key))
    }
}

struct Handle {
    series: Series,
    recorded: Recorded,
}

impl Handle {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.recorded.seen().values.entry(self.series.clone()).or_default());
    }
}

#[allow(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "values of metrics are floats"
)]
impl CounterFn for Handle {
    fn increment(&self, by: u64) {
        self.change(|value| *value += by as f64);
    }

    fn absolute(&self, new: u64) {
        self.change(|value| *value = new as f64);
    }
}

#[allow(clippy::float_arithmetic, reason = "values of metrics are floats")]
impl GaugeFn for Handle {
    fn increment(&self, by: f64) {
        self.change(|value| *value += by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| *value -= by);
    }

    fn set(&self, new: f64) {
        self.change(|value| *value = new);
    }
}

#[allow(clippy::float_arithmetic, reason = "values of metrics are floats")]
impl HistogramFn for Handle {
    fn record(&self, _: f64) {
        self.change(|count| *count += 1.0);
    }
}
