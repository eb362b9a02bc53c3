//! The text that Prometheus reads.

use std::fmt::Write as _;
use std::time::Duration;

use crate::telemetry::{LaneTelemetry, Sketch, Telemetry};

/// All counters and sketches. Label values are escaped; order is fixed.
pub(super) fn render(telemetry: &Telemetry) -> String {
    let mut out = String::new();
    let alone: [(&str, &str, u64); 8] = [
        ("cache_hits_total", "Texts found in the cache.", telemetry.cache_hits),
        ("cache_misses_total", "Texts looked for in the cache and not found.", telemetry.cache_misses),
        ("cache_disk_hits_total", "Texts found in the cache on disk.", telemetry.cache_disk_hits),
        ("coalesced_total", "Texts that joined a request under way.", telemetry.coalesced),
        ("cancelled_total", "Calls whose caller went away.", telemetry.cancelled),
        ("expired_total", "Texts whose caller's deadline passed.", telemetry.expired),
        ("overloaded_total", "Calls refused because too much waited.", telemetry.overloaded),
        ("late_total", "Answers that came after they had been given up.", telemetry.late),
    ];
    for (name, help, value) in alone {
        head(&mut out, name, help, "counter");
        line(&mut out, name, "", value);
    }
    type Count = fn(&LaneTelemetry) -> u64;
    let counters: [(&str, &str, Count); 12] = [
        ("attempts_total", "Requests sent, repetitions included.", |lane| lane.attempts),
        ("retries_total", "Repetitions of requests.", |lane| lane.retries),
        ("abandoned_total", "Requests given up because nobody waited any more.", |lane| lane.abandoned),
        ("texts_sent_total", "Texts sent, repetitions included.", |lane| lane.texts_sent),
        ("splits_total", "Refused requests that were divided.", |lane| lane.splits),
        ("fallbacks_total", "Texts that went on to another provider.", |lane| lane.fallbacks),
        ("dimension_mismatches_total", "Vectors of another length than the space.", |lane| lane.mismatches),
        ("paused_total", "Times that requests were held back.", |lane| lane.paused),
        ("tokens_counted_total", "Tokens sent, as counted here.", |lane| lane.tokens_counted),
        ("tokens_reported_total", "Tokens that the provider reports.", |lane| lane.tokens_reported),
        ("sent_bytes_total", "Bytes of bodies sent.", |lane| lane.bytes_sent),
        ("received_bytes_total", "Bytes of bodies received.", |lane| lane.bytes_received),
    ];
    for (name, help, value) in counters {
        head(&mut out, name, help, "counter");
        for lane in &telemetry.lanes {
            line(&mut out, name, &labels(lane, None), value(lane));
        }
    }
    head(&mut out, "cost_usd_total", "US dollars, from reported tokens where there are some.", "counter");
    for lane in &telemetry.lanes {
        line(&mut out, "cost_usd_total", &labels(lane, None), lane.cost);
    }
    for (name, help) in [("texts_total", "Texts by outcome."), ("requests_total", "Requests by outcome.")] {
        head(&mut out, name, help, "counter");
        for lane in &telemetry.lanes {
            let ends = if name == "texts_total" { &lane.ends } else { &lane.requests };
            for (end, count) in ends {
                line(&mut out, name, &labels(lane, Some(("outcome", end.name()))), count);
            }
        }
    }
    type Times = fn(&LaneTelemetry) -> &Sketch;
    let sketches: [(&str, &str, Times); 4] = [
        ("queue_seconds", "Waiting for a slot, per request.", |lane| &lane.queue_time),
        ("connect_seconds", "Waiting for a connection to be made, per request that did.", |lane| {
            &lane.connect_time
        }),
        ("provider_seconds", "Waiting for the provider, per request.", |lane| &lane.provider_time),
        ("total_seconds", "From acceptance to result, per text.", |lane| &lane.total_time),
    ];
    for (name, help, times) in sketches {
        head(&mut out, name, help, "summary");
        for lane in &telemetry.lanes {
            let sketch = times(lane);
            for (part, label) in [(0.5, "0.5"), (0.95, "0.95"), (0.99, "0.99")] {
                let labels = labels(lane, Some(("quantile", label)));
                line(&mut out, name, &labels, seconds(sketch.quantile(part)));
            }
            line(&mut out, &format!("{name}_sum"), &labels(lane, None), seconds(sketch.sum()));
            line(&mut out, &format!("{name}_count"), &labels(lane, None), sketch.count());
        }
    }
    out
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ =
        writeln!(out, "# HELP chrysalis_embedding_{name} {help}\n# TYPE chrysalis_embedding_{name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "chrysalis_embedding_{name}{labels} {value}");
}

fn labels(lane: &LaneTelemetry, more: Option<(&str, &str)>) -> String {
    let mut out = format!("{{provider=\"{}\",model=\"{}\"", escape(&lane.provider), escape(&lane.model));
    if let Some((name, value)) = more {
        let _ = write!(out, ",{name}=\"{value}\"");
    }
    out.push('}');
    out
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass;

    #[test]
    fn the_text_is_as_prometheus_wants_it() {
        let mut telemetry = Telemetry::new(vec![("open\"ai".to_owned(), "m".to_owned())]);
        telemetry.lanes[0].sent(true, 3, 17, Duration::from_millis(2));
        telemetry.lanes[0].refused(Duration::from_millis(5), ErrorClass::RateLimit);
        telemetry.cache_hits = 4;
        let text = telemetry.to_prometheus();
        for expected in [
            "# TYPE chrysalis_embedding_cache_hits_total counter\nchrysalis_embedding_cache_hits_total 4\n",
            "chrysalis_embedding_retries_total{provider=\"open\\\"ai\",model=\"m\"} 1\n",
            "chrysalis_embedding_requests_total{provider=\"open\\\"ai\",model=\"m\",outcome=\"rate-limit\"} 1\n",
            "chrysalis_embedding_queue_seconds_count{provider=\"open\\\"ai\",model=\"m\"} 1\n",
            "chrysalis_embedding_queue_seconds{provider=\"open\\\"ai\",model=\"m\",quantile=\"0.99\"} 0.002",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        let is_line = |line: &str| line.starts_with('#') || line.split(' ').count() == 2;
        assert!(text.lines().all(is_line), "{text}");
    }

    #[test]
    fn merging_adds() {
        let mut one = Telemetry::new(vec![("a".to_owned(), "m".to_owned())]);
        one.lanes[0].sent(false, 1, 5, Duration::from_millis(2));
        let mut two =
            Telemetry::new(vec![("b".to_owned(), "m".to_owned()), ("a".to_owned(), "m".to_owned())]);
        two.lanes[1].sent(true, 2, 6, Duration::from_millis(3));
        one.merge(&two);
        assert_eq!(one.lanes.len(), 2);
        assert_eq!((one.lanes[0].attempts, one.lanes[0].retries, one.lanes[0].texts_sent), (2, 1, 3));
    }
}
