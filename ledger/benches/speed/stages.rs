//! Where the writer's time goes: sums of what it tells about each batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The target of the writer's events.
const TARGET: &str = "ledger::batch";

/// Sums over all batches, times in microseconds.
#[derive(Default)]
pub struct Stages {
    batches: AtomicU64,
    entries: AtomicU64,
    plan: AtomicU64,
    commit: AtomicU64,
    guard: AtomicU64,
}

/// Begins to add up.
pub fn listen() -> Arc<Stages> {
    let stages = Arc::new(Stages::default());
    tracing::subscriber::set_global_default(Listener(stages.clone())).unwrap();
    stages
}

impl Stages {
    pub fn tell(&self) -> String {
        let [batches, entries, plan, commit, guard] =
            [&self.batches, &self.entries, &self.plan, &self.commit, &self.guard]
                .map(|sum| sum.load(Ordering::Relaxed));
        let each = |sum: u64| sum as f64 / entries as f64;
        format!(
            "writer: {batches} batches of {} entries; of an entry's time planning {:.1} µs, commit {:.1} µs, guard {:.1} µs \
             (beside it, on all cores, admission)",
            entries / batches.max(1),
            each(plan),
            each(commit),
            each(guard)
        )
    }
}

struct Listener(Arc<Stages>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }
    fn event(&self, event: &Event<'_>) {
        self.0.batches.fetch_add(1, Ordering::Relaxed);
        event.record(&mut Adder(&self.0));
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Adder<'a>(&'a Stages);

impl Visit for Adder<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let sum = match field.name() {
            "entries" => &self.0.entries,
            "plan_us" => &self.0.plan,
            "commit_us" => &self.0.commit,
            "guard_us" => &self.0.guard,
            _ => return,
        };
        sum.fetch_add(value, Ordering::Relaxed);
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
