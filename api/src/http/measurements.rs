//! What is measured, for Prometheus.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::Histogram;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::Site;
use crate::cosigning::CosigningState;

/// How long an answer took until its first byte, in seconds, by route, method and status; a histogram.
pub(crate) const REQUEST_SECONDS: &str = "mingzhang_http_request_seconds";
/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The measurements of this process.
pub(crate) struct Measurements {
    handle: PrometheusHandle,
    /// Histograms of requests, which are found by their labels once.
    requests: RwLock<HashMap<Labels, Histogram>>,
}

/// Route, method and status.
type Labels = (Arc<str>, &'static str, u16);

impl Measurements {
    /// Begins to measure.
    pub(crate) fn start() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)?
            .install_recorder()?;
        metrics::describe_histogram!(REQUEST_SECONDS, metrics::Unit::Seconds, "until the answer began");
        metrics::describe_histogram!(ledger::BATCH_SECONDS, metrics::Unit::Seconds, "from plan to guard");
        metrics::describe_counter!(ledger::ENTRIES, "entries recorded since the start, seals included");
        metrics::describe_gauge!("mingzhang_queue_kibibytes", "statements waiting for the sequencer");
        metrics::describe_gauge!("mingzhang_queue_limit_kibibytes", "how much may wait");
        metrics::describe_gauge!("mingzhang_checkpoint_size", "entries of the newest checkpoint");
        metrics::describe_gauge!("mingzhang_checkpoint_age_seconds", "since it was signed");
        metrics::describe_gauge!("mingzhang_published_size", "entries of the published checkpoint");
        metrics::describe_gauge!("mingzhang_published_has_quorum", "1 if enough witnesses have cosigned it");
        metrics::describe_gauge!("mingzhang_unpublished_seconds", "that the oldest head not published has waited");
        metrics::describe_gauge!("mingzhang_alarms", "what witnesses have said against this ledger");
        metrics::describe_gauge!("mingzhang_witness_size", "entries of the newest checkpoint it cosigned");
        metrics::describe_gauge!("mingzhang_witness_failing", "1 if it has not cosigned what it was asked for last");
        metrics::describe_gauge!("mingzhang_indexed_size", "entries that lists, search and feeds know of");
        metrics::describe_gauge!("mingzhang_http_streams", "streams of events open");
        metrics::describe_gauge!("mingzhang_http_connections", "connections open");
        metrics::describe_gauge!("mingzhang_http_writes", "writing requests under way");
        Ok(Self { handle, requests: RwLock::default() })
    }

    /// Keeps the memory of the measurements bounded; to be called now and then.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    /// The measurements as text.
    #[allow(clippy::cast_precision_loss)] // a gauge is a float; 2^53 entries are far
    pub(crate) fn render(&self, site: &Site) -> String {
        let (waiting, most) = site.ledger.queue_kib();
        metrics::gauge!("mingzhang_queue_kibibytes").set(waiting as f64);
        metrics::gauge!("mingzhang_queue_limit_kibibytes").set(most as f64);
        metrics::gauge!("mingzhang_checkpoint_size").set(site.ledger.published().checkpoint.size.0 as f64);
        metrics::gauge!("mingzhang_checkpoint_age_seconds").set(site.checkpoint_age().as_secs_f64());
        metrics::gauge!("mingzhang_indexed_size").set(site.index.progress().borrow().indexed as f64);
        metrics::gauge!("mingzhang_http_streams").set(site.streams.under_way() as f64);
        metrics::gauge!("mingzhang_http_connections").set(site.connections.under_way() as f64);
        metrics::gauge!("mingzhang_http_writes").set(site.writes.under_way() as f64);
        if let Some(cosigning) = &site.cosigning {
            witnesses(&cosigning.state());
        }
        self.handle.render()
    }
}

impl Measurements {
    /// Measures a request.
    pub(crate) fn request(&self, route: &Arc<str>, method: &'static str, status: u16, took: Duration) {
        let labels = (Arc::clone(route), method, status);
        let known = self.requests.read().unwrap_or_else(PoisonError::into_inner).get(&labels).cloned();
        let histogram = known.unwrap_or_else(|| {
            let status = metrics::SharedString::from(status.to_string());
            let route = labels.0.clone();
            let histogram =
                metrics::histogram!(REQUEST_SECONDS, "route" => route, "method" => method, "status" => status);
            self.requests.write().unwrap_or_else(PoisonError::into_inner).insert(labels, histogram.clone());
            histogram
        });
        histogram.record(took.as_secs_f64());
    }
}

#[allow(clippy::cast_precision_loss)] // as above
fn witnesses(state: &CosigningState) {
    metrics::gauge!("mingzhang_published_size").set(state.published.unwrap_or_default() as f64);
    metrics::gauge!("mingzhang_published_has_quorum").set(f64::from(u8::from(state.quorum)));
    metrics::gauge!("mingzhang_unpublished_seconds").set(state.waiting_seconds as f64);
    metrics::gauge!("mingzhang_alarms").set(state.alarms.len() as f64);
    for witness in &state.witnesses {
        let name = witness.name.clone();
        metrics::gauge!("mingzhang_witness_size", "witness" => name.clone()).set(witness.size as f64);
        let failing = f64::from(u8::from(witness.error.is_some()));
        metrics::gauge!("mingzhang_witness_failing", "witness" => name).set(failing);
    }
}
