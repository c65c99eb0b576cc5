//! Where statements go: a ledger in a directory of this machine, or one behind a URL.

use std::path::PathBuf;
use std::sync::Arc;

use ledger::{Ledger, Outcome, Recorded, Refusal, Scrubbed, SignedStatement};
use tokio::task::spawn_blocking;
use verifier::log::index::LeafIndex;

use crate::failure::Failure;
use crate::remote::{Posted, Remote};

/// Statements posted at once.
const POSTING: usize = 16;

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a directory.
    Dir(PathBuf),
    /// Behind a URL.
    Url(String),
}

/// A ledger, wherever it is.
#[derive(Clone)]
pub(crate) enum Books {
    /// In a directory, written by this process.
    Here(Arc<Ledger>),
    /// Behind a URL.
    There(Remote),
}

/// What became of a statement.
#[derive(Debug)]
pub(crate) enum Placed {
    /// It was recorded just now.
    Recorded(LeafIndex),
    /// It was recorded before.
    Existing(LeafIndex),
    /// Another one stands under its id.
    Conflict(LeafIndex, Failure),
    /// It is refused.
    Refused(Failure),
}

/// What became of erased bytes.
#[derive(Debug)]
pub(crate) enum Erased {
    /// In the directory here.
    Here(Scrubbed),
    /// On the server: whether a file there still holds them.
    There {
        /// Whether it does.
        is_pending: bool,
    },
}

impl From<Outcome> for Placed {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded(index) => Self::Recorded(index),
            Outcome::Existing(index) => Self::Existing(index),
            Outcome::Refused(Refusal::Conflict { index, iss, jti }) => {
                Self::Conflict(index, Refusal::Conflict { index, iss, jti }.into())
            }
            Outcome::Refused(refusal) => Self::Refused(refusal.into()),
        }
    }
}

impl From<Posted> for Placed {
    fn from(posted: Posted) -> Self {
        match posted {
            Posted::Recorded { index, new: true, .. } => Self::Recorded(index),
            Posted::Recorded { index, .. } => Self::Existing(index),
            Posted::Refused { conflict: Some(index), failure } => Self::Conflict(index, failure),
            Posted::Refused { failure, .. } => Self::Refused(failure),
        }
    }
}

impl Books {
    /// Opens the ledger at a place.
    ///
    /// # Errors
    /// It cannot be opened or reached.
    pub(crate) async fn open(place: &Place) -> Result<Self, Failure> {
        match place {
            Place::Dir(dir) => Ok(Self::Here(Arc::new(Ledger::open(dir).await?))),
            Place::Url(url) => {
                let url = url.clone();
                Ok(Self::There(blocking(move || Remote::open(&url)).await?))
            }
        }
    }

    /// The log's origin.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Here(ledger) => ledger.origin(),
            Self::There(remote) => remote.origin().to_owned(),
        }
    }

    /// Records a statement.
    ///
    /// # Errors
    /// The ledger could not, or cannot be reached.
    pub(crate) async fn submit(&self, statement: SignedStatement) -> Result<Placed, Failure> {
        match self {
            Self::Here(ledger) => Ok(ledger.submit(statement).await?.into()),
            Self::There(remote) => {
                let remote = remote.clone();
                Ok(blocking(move || remote.submit(&statement)).await?.into())
            }
        }
    }

    /// Records an erasure and makes sure that the erased bytes are gone.
    ///
    /// # Errors
    /// The ledger could not, or cannot be reached.
    pub(crate) async fn erase(&self, statement: SignedStatement) -> Result<(Placed, Erased), Failure> {
        match self {
            Self::Here(ledger) => {
                let (outcome, scrubbed) = ledger.erase(statement).await?;
                Ok((outcome.into(), Erased::Here(scrubbed)))
            }
            Self::There(remote) => {
                let remote = remote.clone();
                let posted = blocking(move || remote.submit(&statement)).await?;
                let is_pending = matches!(posted, Posted::Recorded { is_pending: true, .. });
                Ok((posted.into(), Erased::There { is_pending }))
            }
        }
    }

    /// Records statements; those of one subject in their order.
    ///
    /// # Errors
    /// The ledger could not record one of them; it may have recorded others, and submitting all again tells.
    pub(crate) async fn submit_many(&self, statements: Vec<(String, SignedStatement)>) -> Result<Vec<Placed>, Failure> {
        match self {
            Self::Here(ledger) => {
                let statements = statements.into_iter().map(|(_, statement)| statement).collect();
                Ok(ledger.submit_many(statements).await?.into_iter().map(Placed::from).collect())
            }
            Self::There(remote) => {
                let remote = remote.clone();
                blocking(move || post_all(&remote, &statements)).await
            }
        }
    }

    /// An entry and what is disclosed beside it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) async fn entry(&self, index: LeafIndex) -> Result<Option<Recorded>, Failure> {
        match self {
            Self::Here(ledger) => Ok(ledger.entry(index).await?),
            Self::There(remote) => {
                let remote = remote.clone();
                blocking(move || remote.entry(index)).await
            }
        }
    }

    /// The receipt of an entry that is there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) async fn receipt(&self, index: LeafIndex) -> Result<String, Failure> {
        match self {
            Self::Here(ledger) => Ok(ledger.receipt(index).await?.unwrap_or_default()),
            Self::There(remote) => {
                let remote = remote.clone();
                blocking(move || remote.receipt(index)).await
            }
        }
    }

    /// The notices with this id: index and publisher.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) async fn find_notice(&self, notice: &str) -> Result<Vec<(LeafIndex, String)>, Failure> {
        match self {
            Self::Here(ledger) => {
                let found = ledger.find_notice(notice).await?.into_iter();
                Ok(found.map(|(index, iss)| (index, iss.as_str().to_owned())).collect())
            }
            Self::There(remote) => {
                let (remote, notice) = (remote.clone(), notice.to_owned());
                blocking(move || remote.find_notice(&notice)).await
            }
        }
    }

    /// Finishes what was submitted and closes the files of a ledger that is here.
    pub(crate) async fn close(self) {
        if let Self::Here(ledger) = self
            && let Ok(ledger) = Arc::try_unwrap(ledger)
        {
            ledger.close().await;
        }
    }
}

/// Runs what waits for the network on a thread where that holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    spawn_blocking(work).await.map_err(Failure::operational)?
}

/// Posts statements over several connections: each subject's over one, so that they stay in their order.
fn post_all(remote: &Remote, statements: &[(String, SignedStatement)]) -> Result<Vec<Placed>, Failure> {
    let lane =
        |subject: &str| subject.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte)) % POSTING;
    let post = |wanted: usize| -> Vec<(usize, Result<Placed, Failure>)> {
        let own = statements.iter().enumerate().filter(|(_, (subject, _))| lane(subject) == wanted);
        let mut posted = Vec::new();
        for (at, (_, statement)) in own {
            let placed = remote.submit(statement).map(Placed::from);
            let failed = placed.is_err();
            posted.push((at, placed));
            if failed {
                break;
            }
        }
        posted
    };
    let mut placed: Vec<(usize, Result<Placed, Failure>)> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..POSTING).map(|wanted| scope.spawn(move || post(wanted))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_default()).collect()
    });
    placed.sort_unstable_by_key(|(at, _)| *at);
    let placed = placed.into_iter().map(|(_, placed)| placed).collect::<Result<Vec<_>, _>>()?;
    if placed.len() == statements.len() { Ok(placed) } else { Err(Failure::operational("a lane of posts ended early")) }
}
