//! What is counted, after Prometheus' naming rules; `docs/metrics.md` lists it. No label holds a user, an id or
//! anything else that a caller chooses.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use sessioning::store::{CacheStats, GroupStats};

use crate::log::Lines;

/// From what a cached check takes to what a busy disk does.
const SECONDS: [f64; 12] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 1.0, 10.0];

type Counters<Label> = Family<Label, Counter>;
type Times<Label> = Family<Label, Histogram, fn() -> Histogram>;

/// The service's counters. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Counters<RequestLabels>,
    request_times: Times<RouteLabel>,
    checks: Counters<ResultLabel>,
    limited: Counter,
    connections: Family<ListenerLabel, Gauge>,
    most_connections: Family<ListenerLabel, Gauge>,
    refused_connections: Counters<ListenerLabel>,
    full_connections: Counters<ListenerLabel>,
    purged: Counter,
    clock_apart: Gauge,
    operations: Counters<OperationLabels>,
    operation_times: Times<OperationLabel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabel {
    listener: &'static str,
}

/// The connections of one listener.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionCounts {
    pub(crate) open: Gauge,
    pub(crate) refused: Counter,
    /// How often one waited, with all places taken and none idle.
    pub(crate) full: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let times = || Histogram::new(SECONDS);
        Self {
            requests: Family::default(),
            request_times: Family::new_with_constructor(times),
            checks: Family::default(),
            limited: Counter::default(),
            connections: Family::default(),
            most_connections: Family::default(),
            refused_connections: Family::default(),
            full_connections: Family::default(),
            purged: Counter::default(),
            clock_apart: Gauge::default(),
            operations: Family::default(),
            operation_times: Family::new_with_constructor(times),
        }
    }
}

impl Metrics {
    /// A request was answered. The route is its pattern, never the path.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method, route: route.into(), status };
        self.requests.get_or_create(&labels).inc();
        let label = RouteLabel { route: labels.route };
        self.request_times.get_or_create(&label).observe(took.as_secs_f64());
    }

    /// A token was checked.
    pub(crate) fn checked(&self, result: &'static str) {
        self.checks.get_or_create(&ResultLabel { result }).inc();
    }

    /// A failed check was answered with 429.
    pub(crate) fn limited(&self) {
        self.limited.inc();
    }

    /// The counts of a listener that takes at most so many connections.
    pub(crate) fn connections(&self, listener: &'static str, most: usize) -> ConnectionCounts {
        let label = ListenerLabel { listener };
        self.most_connections.get_or_create(&label).set(i64::try_from(most).unwrap_or(i64::MAX));
        ConnectionCounts {
            open: self.connections.get_or_create_owned(&label),
            refused: self.refused_connections.get_or_create_owned(&label),
            full: self.full_connections.get_or_create_owned(&label),
        }
    }

    /// Ended sessions were freed.
    pub(crate) fn purged(&self, removed: usize) {
        self.purged.inc_by(u64::try_from(removed).unwrap_or(u64::MAX));
    }

    /// The wall clock is that many milliseconds ahead of the service's.
    pub(crate) fn clock_apart(&self, ahead: i64) {
        self.clock_apart.set(ahead / 1000);
    }

    /// How many sessions began since the start.
    pub(crate) fn begun(&self) -> u64 {
        self.operations.get_or_create(&OperationLabels { operation: "insert", outcome: "done" }).get()
    }

    /// The store answered.
    pub(crate) fn stored(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.operations.get_or_create(&OperationLabels { operation, outcome }).inc();
        self.operation_times.get_or_create(&OperationLabel { operation }).observe(took.as_secs_f64());
    }
}

/// What others count, to be read when somebody asks.
pub(crate) struct Readings {
    pub(crate) groups: Option<Reading<GroupStats>>,
    pub(crate) cache: Option<Reading<CacheStats>>,
    pub(crate) foreign: Reading<u64>,
    pub(crate) lines: Lines,
}

pub(crate) type Reading<T> = std::sync::Arc<dyn Fn() -> T + Send + Sync>;

/// Everything that is counted, as Prometheus reads it.
#[derive(Debug)]
pub(crate) struct Exposition(Registry);

impl Exposition {
    pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    pub(crate) fn new(metrics: &Metrics, readings: Readings) -> Self {
        let mut all = Registry::with_prefix("sessioning");
        let build =
            Info::new([("version", env!("CARGO_PKG_VERSION")), ("commit", env!("SESSIONING_COMMIT"))]);
        all.register("build", "What runs", build);
        all.register("http_requests", "Requests answered, by route and status", metrics.requests.clone());
        all.register_with_unit(
            "http_request_duration",
            "How long answers took",
            Unit::Seconds,
            metrics.request_times.clone(),
        );
        all.register("checks", "Tokens checked, by what came of it", metrics.checks.clone());
        all.register("checks_limited", "Failed checks answered with 429", metrics.limited.clone());
        all.register("connections", "Connections that are open", metrics.connections.clone());
        all.register("connections_limit", "The most at once", metrics.most_connections.clone());
        all.register(
            "connections_refused",
            "Connections of addresses that had their share",
            metrics.refused_connections.clone(),
        );
        all.register(
            "connections_full",
            "Times that a connection waited because all were in use",
            metrics.full_connections.clone(),
        );
        all.register("sessions_purged", "Ended sessions freed", metrics.purged.clone());
        all.register_with_unit(
            "clock_apart",
            "How far the wall clock is ahead of the time that the service goes by",
            Unit::Seconds,
            metrics.clock_apart.clone(),
        );
        all.register(
            "store_operations",
            "Operations of the store, by outcome; reads that the cache answered are not among them",
            metrics.operations.clone(),
        );
        all.register_with_unit(
            "store_operation_duration",
            "How long the store took",
            Unit::Seconds,
            metrics.operation_times.clone(),
        );
        if let Some(cache) = readings.cache {
            let hits = cache.clone();
            all.register("cache_hits", "Reads that the cache answered", ReadCounter(move || hits().hits));
            all.register(
                "cache_misses",
                "Reads that went on to the store",
                ReadCounter(move || cache().misses),
            );
        }
        if let Some(groups) = readings.groups {
            all.register("store_group_size", "Writes that shared a sync", GroupSizes(groups));
        }
        let foreign = readings.foreign;
        all.register(
            "store_foreign_documents",
            "Documents met in the database that are no sessions",
            ReadCounter(move || foreign()),
        );
        all.register(
            "log_lines_dropped",
            "Log lines that came too fast to be written, by what they were about",
            DroppedLines(readings.lines),
        );
        Self(all)
    }

    /// The text of it, in the OpenMetrics format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.0);
        text
    }
}

/// A counter that is read where it is counted.
struct ReadCounter<F>(F);

impl<F: Fn() -> u64> EncodeMetric for ReadCounter<F> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        encoder.encode_counter::<NoLabelSet, _, u64>(&(self.0)(), None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

impl<F> std::fmt::Debug for ReadCounter<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReadCounter")
    }
}

/// Lines that were dropped, by kind.
#[derive(Debug)]
struct DroppedLines(Lines);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

impl EncodeMetric for DroppedLines {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        self.0.dropped().into_iter().try_for_each(|(kind, lines)| {
            let label = KindLabel { kind: kind.name() };
            encoder.encode_family(&label)?.encode_counter::<NoLabelSet, _, u64>(&lines, None)
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

struct GroupSizes(Reading<GroupStats>);

impl EncodeMetric for GroupSizes {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let stats = (self.0)();
        #[expect(clippy::cast_precision_loss, reason = "a metric is a float, and these are far below 2^53")]
        let float = |number: u64| number as f64;
        let mut buckets: Vec<_> = stats.sizes.map(|(size, groups)| (float(size), groups)).to_vec();
        buckets.push((f64::INFINITY, 0));
        encoder.encode_histogram::<NoLabelSet>(float(stats.writes), stats.groups, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl std::fmt::Debug for GroupSizes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GroupSizes")
    }
}
