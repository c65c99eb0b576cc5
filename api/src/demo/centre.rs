//! The demo's ledger and those who write into it: a root, a trading centre, a supervisor.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder, digests_of_field};
use ledger::{Clock, InitOptions, Ledger, Outcome, PrivateKey, SignedStatement};
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Role, Sector};
use verifier::record::disclosure::check_notice;
use verifier::record::entry::EntryTime;
use verifier::record::statement::Scope;

use super::sample::{Act, BEGIN, Event};
use crate::failure::Failure;
use crate::law::{Shipped, record_shipped};
use crate::publish::statement_of;

/// The demo ledger's origin.
pub(super) const ORIGIN: &str = "demo.example/mingzhang";
/// The sample's trading centre.
pub(super) const CENTRE: (&str, &str) = ("demo-centre", "示例市公共资源交易中心");
/// The sample's supervisor.
pub(super) const SUPERVISOR: (&str, &str) = ("demo-supervisor", "示例市公共资源交易监督管理局");

/// The sample's clock: it stands where the sample's time has come to.
struct SampleClock(AtomicU64);

impl Clock for SampleClock {
    fn now(&self) -> EntryTime {
        EntryTime(self.0.load(Ordering::SeqCst))
    }
}

/// The ledger and its people.
pub(super) struct Centre {
    ledger: Ledger,
    clock: Arc<SampleClock>,
    root: PrivateKey,
    centre: PrivateKey,
    supervisor: PrivateKey,
    /// The notices recorded, by id.
    notices: BTreeMap<String, Recorded>,
}

/// A notice recorded: where, and what it withholds.
struct Recorded {
    index: LeafIndex,
    withheld: Vec<String>,
}

/// How many of what was recorded.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) notices: usize,
    pub(super) revealed: usize,
    pub(super) erased: usize,
}

impl Centre {
    /// Makes the ledger, as of the sample's begin.
    pub(super) async fn new(dir: &Path) -> Result<Self, Failure> {
        let (root, recovery) = (PrivateKey::generate()?, PrivateKey::generate()?);
        let options = InitOptions {
            origin: ORIGIN.to_owned(),
            jurisdiction: "cn".to_owned(),
            guard: None,
            root: root.jwk().clone(),
            recovery: recovery.jwk().clone(),
            predecessor: String::new(),
        };
        let clock = Arc::new(SampleClock(AtomicU64::new(BEGIN * 1000)));
        Ledger::init_with_clock(dir, options, &*clock).await?;
        let ledger = Ledger::open_with_clock(dir, clock.clone()).await?;
        let (centre, supervisor) = (PrivateKey::generate()?, PrivateKey::generate()?);
        Ok(Self { ledger, clock, root, centre, supervisor, notices: BTreeMap::new() })
    }

    /// Records the law that ships with the program.
    pub(super) async fn record_law(&self) -> Result<Shipped, Failure> {
        record_shipped(&self.ledger, "cn", &self.root, self.now()).await
    }

    /// Enrols the trading centre and the supervisor.
    pub(super) async fn enrol(&self) -> Result<(), Failure> {
        let people = [(CENTRE, &self.centre, Role::Publisher), (SUPERVISOR, &self.supervisor, Role::Supervisor)];
        for ((id, name), key, role) in people {
            let id = PublisherId::parse(id).ok_or_else(|| Failure::operational("the sample's publisher id"))?;
            let scope = Scope { roles: vec![role], sectors: Sector::ALL.to_vec(), regions: vec![String::new()] };
            let grant = self.desk("root", &self.root).grant("enrol", 0, &id, name, key.jwk(), &scope);
            self.submit(grant.map_err(Failure::from)?).await?;
        }
        Ok(())
    }

    /// Records what happens, each at its time.
    pub(super) async fn record(&mut self, events: Vec<Event>) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        for Event { at, act } in events {
            self.clock.0.store(at * 1000, Ordering::SeqCst);
            match act {
                Act::Publish(draft, seals) => {
                    self.publish(&draft, &seals).await?;
                    counts.notices += 1;
                }
                Act::Reveal { notice } => {
                    self.reveal(&notice).await?;
                    counts.revealed += 1;
                }
                Act::Erase { notice, field, ground, reason } => {
                    self.erase(&notice, &field, &ground, &reason).await?;
                    counts.erased += 1;
                }
            }
        }
        Ok(counts)
    }

    /// Seals the ledger at this time, in seconds since the Unix epoch, and closes it.
    pub(super) async fn finish(self, now: u64) -> Result<(), Failure> {
        self.clock.0.fetch_max(now * 1000, Ordering::SeqCst);
        self.ledger.seal().await?;
        self.ledger.close().await;
        Ok(())
    }

    fn now(&self) -> u64 {
        self.clock.now().0 / 1000
    }

    fn desk<'a>(&self, iss: &'a str, key: &'a PrivateKey) -> Desk<'a> {
        Desk { iss, key, origin: ORIGIN, now: self.now() }
    }

    async fn submit(&self, statement: SignedStatement) -> Result<LeafIndex, Failure> {
        match self.ledger.submit(statement).await? {
            Outcome::Recorded(index) | Outcome::Existing(index) => Ok(index),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }

    async fn publish(&mut self, draft: &Draft, seals: &[SealOrder]) -> Result<(), Failure> {
        let notice = self.desk(CENTRE.0, &self.centre).notice(draft, seals, false);
        let (statement, withheld) = notice.map_err(Failure::from)?;
        let index = self.submit(statement).await?;
        let withheld = withheld.into_iter().map(|one| one.disclosure).collect();
        self.notices.insert(draft.notice_id.clone(), Recorded { index, withheld });
        Ok(())
    }

    fn notice(&self, id: &str) -> Result<&Recorded, Failure> {
        self.notices.get(id).ok_or_else(|| Failure::operational(format_args!("the sample has no notice {id}")))
    }

    async fn reveal(&self, id: &str) -> Result<(), Failure> {
        let Recorded { index, withheld } = self.notice(id)?;
        let (subject, _) = self.fields(*index, "").await?;
        let desk = self.desk(CENTRE.0, &self.centre);
        let reveal = desk.reveal(&format!("reveal/{index}"), &subject, *index, withheld.clone());
        self.submit(reveal.map_err(Failure::from)?).await?;
        Ok(())
    }

    async fn erase(&self, id: &str, field: &str, ground: &str, reason: &str) -> Result<(), Failure> {
        let index = self.notice(id)?.index;
        let (subject, digests) = self.fields(index, field).await?;
        let desk = self.desk(SUPERVISOR.0, &self.supervisor);
        let erasure = desk.erasure(&format!("erasure/{index}"), &subject, index, &digests, ground, reason);
        self.ledger.erase(erasure.map_err(Failure::from)?).await?;
        Ok(())
    }

    /// The subject of a notice, and the digests of its disclosures of this name.
    async fn fields(&self, index: LeafIndex, field: &str) -> Result<(String, Vec<verifier::log::hash::Hash>), Failure> {
        let unreadable = || Failure::operational("a notice of the sample cannot be read back");
        let recorded = self.ledger.entry(index).await?.ok_or_else(unreadable)?;
        let statement = statement_of(&recorded.entry).ok_or_else(unreadable)?;
        let notice = statement.notice().ok_or_else(unreadable)?;
        let shown = check_notice(notice, &recorded.disclosures).map_err(Failure::operational)?;
        Ok((statement.sub.to_string(), digests_of_field(notice, &shown, field)))
    }
}
