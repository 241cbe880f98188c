//! `/metrics`: what is counted, under which names, and that nothing in it says who.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use support::{Service, eventually};

/// The names of the metrics, without what the kind of a metric adds.
fn families(text: &str) -> BTreeSet<String> {
    let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    typed
        .map(|line| {
            line.replace(" counter", "_total")
                .replace(" info", "_info")
                .replace(" histogram", "")
                .replace(" gauge", "")
        })
        .collect()
}

#[test]
fn requests_checks_and_the_store_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", folder.path().display())]);
    let (token, _) = service.begin(r#"{"user":"alice"}"#);
    for _ in 0..3 {
        service.status_of(&token);
    }
    service.status_of("ses_nonsense");
    service.v1("GET", "/v1/session?min_level=3", &token, "");
    service.v1("DELETE", "/v1/session", &token, "");
    service.status_of(&token);
    service.v1("GET", "/v1/users/alice/sessions", "", "");
    service.request("GET", "/etc/passwd", &[], b"");
    service.request("BREW", "/", &[], b"");
    for (line, count) in [
        ("sessioning_http_requests_total{method=\"GET\",route=\"/v1/session\",status=\"200\"}", 3.0),
        ("sessioning_http_requests_total{method=\"GET\",route=\"/v1/session\",status=\"401\"}", 3.0),
        (
            "sessioning_http_requests_total{method=\"GET\",route=\"/v1/users/{user}/sessions\",status=\"200\"}",
            1.0,
        ),
        ("sessioning_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}", 1.0),
        ("sessioning_http_requests_total{method=\"other\",route=\"/\",status=\"405\"}", 1.0),
        ("sessioning_http_request_duration_seconds_count{route=\"/v1/session\"}", 7.0),
        ("sessioning_checks_total{result=\"live\"}", 3.0),
        ("sessioning_checks_total{result=\"malformed\"}", 1.0),
        ("sessioning_checks_total{result=\"step_up\"}", 1.0),
        ("sessioning_checks_total{result=\"unknown\"}", 1.0),
        ("sessioning_store_operations_total{operation=\"insert\",outcome=\"done\"}", 1.0),
        ("sessioning_store_operations_total{operation=\"remove\",outcome=\"done\"}", 1.0),
        ("sessioning_store_operation_duration_seconds_count{operation=\"insert\"}", 1.0),
        ("sessioning_cache_hits_total", 4.0),
        ("sessioning_log_lines_dropped_total", 0.0),
        ("sessioning_checks_limited_total", 0.0),
    ] {
        assert_eq!(service.metric(line), count, "{line}\n{}", service.admin("/metrics").body);
    }
    // The purge at the start may have shared a group with the insert.
    let groups = service.metric("sessioning_store_group_size_count");
    assert!(groups >= 2.0);
    assert_eq!(service.metric("sessioning_store_group_size_bucket{le=\"+Inf\"}"), groups);
    assert!(service.metric("sessioning_store_group_size_sum") >= groups);
    let answer = service.admin("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.body.ends_with("# EOF\n"));
    for somebody in ["alice", &token[..20], "passwd", "BREW"] {
        assert!(!answer.body.contains(somebody), "{somebody} is in the metrics");
    }
}

/// A check in steady use writes to the store at most once an interval: counted where it is stored.
#[test]
fn touches_are_counted_and_are_few() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().display());
    let service = Service::start(&["--store", &store, "--set", "session.touch_interval=1h"]);
    let (token, _) = service.begin(r#"{"user":"alice"}"#);
    (0..500).for_each(|_| assert_eq!(service.status_of(&token), 200));
    let touches = |service: &Service| service.metric("sessioning_store_operations_total{operation=\"touch\"");
    assert_eq!(touches(&service), 0.0);
    drop(service);
    let service = Service::start(&["--store", &store, "--set", "session.touch_interval=1ms"]);
    eventually("a touch", || service.status_of(&token) == 200 && touches(&service) > 0.0);
}

#[test]
fn the_table_of_metrics_lists_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--store", &format!("embedded:{}", folder.path().display())]);
    // What has a label is told once it has been counted.
    service.begin(r#"{"user":"alice"}"#);
    service.status_of("ses_nonsense");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let table = std::fs::read_to_string(table).unwrap();
    let listed = table.lines().filter_map(|line| line.strip_prefix("| `sessioning_"));
    let listed: BTreeSet<_> =
        listed.map(|row| format!("sessioning_{}", row.split('`').next().unwrap())).collect();
    assert_eq!(listed, families(&service.admin("/metrics").body));
}
