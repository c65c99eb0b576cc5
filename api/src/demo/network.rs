//! The demo's ledger on the network: a server and two replay witnesses, each on a socket of its own, all in this process.
//!
//! The witnesses know nothing of the ledger but its key and its address: they fetch, recompute and cosign as anybody's would.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::Ledger;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::note::VerifierKey;

use crate::failure::Failure;
use crate::language::current;
use crate::serve::{self, Options, Serving};
use crate::witness;
use crate::witness::service::Service;

/// The witnesses, by their names in the policy and the names of their directories.
const WITNESSES: [&str; 2] = ["witness-1", "witness-2"];
/// The policy that demands both witnesses' word, in the ledger's directory.
const POLICY: &str = "witnessed-policy.txt";
/// How long the witnesses may take to fetch and recompute the sample.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server and the witnesses at work.
pub(super) struct Network {
    /// Where the ledger is served.
    pub(super) url: String,
    /// The file of the policy that demands both witnesses' word.
    pub(super) policy: PathBuf,
    /// Entries the witnesses have cosigned.
    pub(super) size: u64,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), Failure>>,
}

/// A witness whose address is taken, but which does not listen yet.
struct Waiting {
    name: &'static str,
    service: Service,
    socket: TcpSocket,
    address: SocketAddr,
}

impl Network {
    /// Serves the ledger of a directory at this address, and waits until both witnesses have replayed and cosigned it.
    pub(super) async fn start(dir: &Path, listen: &str, log: &VerifierKey) -> Result<Self, Failure> {
        let listener = serve::bind(listen).await?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::operational)?);
        let mut witnesses = Vec::new();
        for name in WITNESSES {
            witnesses.push(Waiting::open(dir, name, log, &url).await?);
        }
        let policy = dir.join(POLICY);
        fs::write(&policy, policy_text(log, &witnesses)).map_err(|error| Failure::file(&policy, &error))?;
        let cosigning = Some(serve::read_policy(&policy, None, dir)?);
        let ledger = Ledger::open(dir).await?;
        let serving = Serving::open(ledger, dir, listener, Options { cosigning, ..Options::default() }).await?;
        let (size, cosigned) = (serving.size(), serving.cosigned());
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(serving.run(told(&stop)));
        // They listen only now: whoever replays needs a server that answers, and the server asks again whoever it did not reach.
        for witness in witnesses {
            let listener = witness.socket.listen(64).map_err(Failure::operational)?;
            tasks.spawn(witness.service.run(listener, told(&stop)));
        }
        let mut network = Self { url, policy, size, stop, tasks };
        if let Some(cosigned) = cosigned {
            network.until_cosigned(cosigned).await?;
        }
        Ok(network)
    }

    async fn until_cosigned(&mut self, mut cosigned: watch::Receiver<Option<SignedCheckpoint>>) -> Result<(), Failure> {
        let size = self.size;
        let enough = |note: &Option<SignedCheckpoint>| note.as_ref().is_some_and(|note| note.checkpoint.size.0 >= size);
        tokio::select! {
            failure = ended(&mut self.tasks) => Err(failure),
            enough = timeout(PATIENCE, cosigned.wait_for(enough)) => match enough {
                Ok(Ok(_)) => Ok(()),
                _ => Err(Failure::operational(current().pick(
                    "两个见证人未在一分钟内共签：请检查本机时钟和回环网络",
                    "the two witnesses have not cosigned within a minute: check this machine's clock and its loopback network",
                ))),
            }
        }
    }

    /// Goes on until `asked` completes; then stops.
    ///
    /// # Errors
    /// The server or a witness has ended by itself.
    pub(super) async fn run(mut self, asked: impl Future<Output = ()>) -> Result<(), Failure> {
        let failure = tokio::select! {
            () = asked => None,
            failure = ended(&mut self.tasks) => Some(failure),
        };
        let stopped = self.stop().await;
        failure.map_or(stopped, Err)
    }

    /// Stops the server and the witnesses, and waits for their end.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(Failure::operational)??;
        }
        Ok(())
    }
}

impl Waiting {
    async fn open(dir: &Path, name: &'static str, log: &VerifierKey, replay: &str) -> Result<Self, Failure> {
        let logs = std::slice::from_ref(log);
        let of_policies = Some(format!("demo.example/{name}"));
        let service = witness::open(&dir.join(name), of_policies, logs, Some(replay)).await?;
        let socket = TcpSocket::new_v4().map_err(Failure::operational)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).map_err(Failure::operational)?;
        let address = socket.local_addr().map_err(Failure::operational)?;
        Ok(Self { name, service, socket, address })
    }
}

/// A policy that takes the ledger at its word only where both witnesses have replayed it.
fn policy_text(log: &VerifierKey, witnesses: &[Waiting]) -> String {
    let line = |of: &Waiting| format!("witness {} {} http://{}\n", of.name, of.service.vkey(), of.address);
    let lines: String = witnesses.iter().map(line).collect();
    format!("log {log}\n{lines}group replay all {}\nquorum replay\n", WITNESSES.join(" "))
}

/// Completes when it is told to stop.
fn told(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.subscribe();
    async move {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

/// Completes when something has ended that was not told to.
async fn ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Failure {
    match tasks.join_next().await {
        Some(Ok(Err(failure))) => failure,
        Some(Err(error)) => Failure::operational(error),
        Some(Ok(Ok(()))) | None => Failure::operational("a part of the demo has ended by itself"),
    }
}
