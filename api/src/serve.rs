//! `serve`: the ledger over HTTP, until it is told to stop.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger::{Ledger, Scrubbed};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::Policy;

use crate::args::Serve;
use crate::cosigning::{Cosigning, CosigningOptions};
use crate::failure::Failure;
use crate::http::connection;
use crate::http::exchange::Exchange;
use crate::http::limits::Limits;
use crate::http::{Site, SiteError};
use crate::init::POLICY;
use crate::logging;
use crate::output::Output;
use crate::signals::asked_to_stop;

/// How often the writer is asked whether it still works.
const WATCH: Duration = Duration::from_secs(5);
/// How often an erasure that a reader prevented is tried again.
const ERASE_AGAIN: Duration = Duration::from_secs(30);

/// The configuration file (TOML).
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Configuration {
    public_url: Option<String>,
    heartbeat: Option<String>,
    policy: Option<PathBuf>,
    publish_without_quorum_after: Option<String>,
    limits: Limits,
}

/// How a ledger is served.
#[derive(Default)]
pub(crate) struct Options {
    /// How long the ledger may be quiet before an empty batch is sealed; none: for ever.
    pub(crate) heartbeat: Option<Duration>,
    /// Where the server is reached from outside, without a final slash; empty if that was not said.
    pub(crate) public_url: String,
    /// Who cosigns; none: whatever is recorded is published at once.
    pub(crate) cosigning: Option<CosigningOptions>,
    /// What is accepted from outside.
    pub(crate) limits: Limits,
}

/// Serves a ledger.
pub(crate) async fn serve(arguments: &Serve, output: Output) -> Result<u8, Failure> {
    logging::start(arguments.log_format, arguments.log_level);
    let options = read_options(arguments)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    let listener = bind(&arguments.listen).await?;
    let serving = Serving::open(ledger, &arguments.dir, listener, options).await?;
    let asked = asked_to_stop();
    let (url, size) = (serving.url()?, serving.size());
    let said = format!("{} {url}", output.pick("服务地址", "listening on"));
    output.print(&said, &json!({ "listening": url, "size": size }));
    tracing::info!(address = %url, dir = %arguments.dir.display(), "serving");
    serving.run(asked).await.map(|()| 0)
}

/// What was said on the command line goes before what the configuration says.
fn read_options(arguments: &Serve) -> Result<Options, Failure> {
    let configuration = arguments.config.as_deref().map_or(Ok(Configuration::default()), read_configuration)?;
    let heartbeat = arguments.heartbeat.as_deref().or(configuration.heartbeat.as_deref()).unwrap_or("1h");
    let heartbeat = read_heartbeat(heartbeat)?;
    let public_url = arguments.public_url.clone().or(configuration.public_url).unwrap_or_default();
    let public_url = public_url.trim_end_matches('/').to_owned();
    let policy = arguments.policy.as_ref().or(configuration.policy.as_ref());
    let patience = arguments.publish_without_quorum_after.as_ref();
    let patience = patience.or(configuration.publish_without_quorum_after.as_ref());
    let cosigning = policy.map(|policy| read_policy(policy, patience, &arguments.dir)).transpose()?;
    Ok(Options { heartbeat, public_url, cosigning, limits: configuration.limits })
}

/// Takes the address, on which nobody is answered yet.
pub(crate) async fn bind(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::operational(format_args!("{address}: {error}")))
}

/// A ledger that is ready to be served.
pub(crate) struct Serving {
    site: Arc<Site>,
    listener: TcpListener,
    heartbeat: Option<Duration>,
}

impl Serving {
    /// Asks the witnesses what they have seen, and opens what is derived from the ledger.
    ///
    /// # Errors
    /// A witness has seen more or other than the ledger holds; or the ledger or its index cannot be read.
    pub(crate) async fn open(
        mut ledger: Ledger,
        dir: &Path,
        listener: TcpListener,
        options: Options,
    ) -> Result<Self, Failure> {
        if let Some(cosigning) = &options.cosigning {
            ledger = ledger.under(Arc::new(cosigning.policy.clone()));
        }
        let policy_file = options.cosigning.as_ref().map(|cosigning| cosigning.policy_file.clone());
        // `init` and `rotate` keep one of the log's keys alone.
        let policy_file = policy_file.or_else(|| fs::read(dir.join(POLICY)).ok());
        let cosigning = match options.cosigning {
            Some(cosigning) => match Cosigning::start(ledger.heads(), cosigning).await {
                Ok(cosigning) => Some(cosigning),
                Err(failure) => {
                    ledger.close().await;
                    return Err(failure);
                }
            },
            None => None,
        };
        let site = Site::open(ledger, dir.to_owned(), options.limits, options.public_url, cosigning).await;
        let site = site.map(|site| site.with_policy(policy_file.unwrap_or_default())).map_err(|error| match error {
            SiteError::Ledger(error) => error.into(),
            SiteError::Measurements(error) => Failure::operational(error),
        })?;
        Ok(Self { site: Arc::new(site), listener, heartbeat: options.heartbeat })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> Result<String, Failure> {
        Ok(format!("http://{}", self.listener.local_addr().map_err(Failure::operational)?))
    }

    /// Entries of the newest head.
    pub(crate) fn size(&self) -> u64 {
        self.site.ledger.published().checkpoint.size.0
    }

    /// What the witnesses have cosigned, if there are any.
    pub(crate) fn cosigned(&self) -> Option<watch::Receiver<Option<SignedCheckpoint>>> {
        self.site.cosigning.as_ref().map(Cosigning::follow)
    }

    /// Serves until `asked` completes; then what was accepted is finished, and the ledger closed.
    ///
    /// # Errors
    /// The ledger's writer has stopped.
    pub(crate) async fn run(self, asked: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let Self { site, listener, heartbeat } = self;
        let (stopped, stop) = watch::channel(None);
        let tasks = [
            tokio::spawn(keep(Arc::clone(&site), stopped.clone(), heartbeat)),
            tokio::spawn(site.index.clone().follow(site.ledger.follow())),
            tokio::spawn(async move {
                asked.await;
                stopped.send_replace(Some(Stop::Asked));
            }),
        ];
        let stopping = async {
            wait(stop.clone()).await;
            site.stopping.send_replace(true);
        };
        connection::serve(listener, Exchange::new(Arc::clone(&site)), stopping).await;
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        close(site).await;
        let why = *stop.borrow();
        match why {
            Some(Stop::Asked) | None => Ok(()),
            Some(Stop::WriterEnded) => Err(Failure::operational(crate::language::current().pick(
                "账本的写入者已停止：请重新启动，启动时会核对账本",
                "the ledger's writer has stopped: start again, which checks what the ledger holds",
            ))),
        }
    }
}

/// Why the server stops.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Asked,
    WriterEnded,
}

async fn wait(mut stop: watch::Receiver<Option<Stop>>) {
    let _ = stop.wait_for(Option::is_some).await;
}

/// Closes the ledger, once the requests that were given up have let go of it.
async fn close(mut site: Arc<Site>) {
    for _ in 0..100 {
        match Arc::try_unwrap(site) {
            Ok(site) => {
                if let Some(cosigning) = site.cosigning {
                    cosigning.stop().await;
                }
                // The ledger closes it, once nobody else holds it.
                drop(site.index);
                site.ledger.close().await;
                tracing::info!("stopped");
                return;
            }
            Err(shared) => site = shared,
        }
        sleep(Duration::from_millis(50)).await;
    }
    tracing::warn!("stopped with requests under way; what was acknowledged is durable");
}

fn read_configuration(path: &Path) -> Result<Configuration, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    toml::from_str(&text).map_err(|error| Failure::refused(format_args!("{}: {error}", path.display())))
}

/// A duration, e.g. `1h` or `10m`; `off` for none.
fn read_heartbeat(text: &str) -> Result<Option<Duration>, Failure> {
    if text == "off" {
        return Ok(None);
    }
    read_duration(text).map(Some)
}

/// Whose cosignatures are asked for.
pub(crate) fn read_policy(path: &Path, patience: Option<&String>, dir: &Path) -> Result<CosigningOptions, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let policy = Policy::parse(&text).map_err(|error| {
        let zh = verifier::explain::Explain::zh(&error);
        Failure::said(format_args!("{}：{zh}", path.display()), format_args!("{}: {error}", path.display()))
    })?;
    let publish_without_quorum_after = patience.map(|text| read_duration(text)).transpose()?;
    Ok(CosigningOptions { policy, policy_file: text, publish_without_quorum_after, dir: dir.to_owned() })
}

/// A duration of at least a second, e.g. `1h` or `10m`.
fn read_duration(text: &str) -> Result<Duration, Failure> {
    let span: Option<Duration> = text.parse::<jiff::SignedDuration>().ok().and_then(|span| span.try_into().ok());
    match span.filter(|span| *span >= Duration::from_secs(1)) {
        Some(span) => Ok(span),
        None => Err(Failure::said(
            format_args!("`{text}` 不是时长：应如 1h、10m、30s"),
            format_args!("`{text}` is no duration: expected e.g. 1h, 10m, 30s"),
        )),
    }
}

/// Keeps the ledger fresh, the measurements bounded, and an eye on the writer.
async fn keep(site: Arc<Site>, stopped: watch::Sender<Option<Stop>>, heartbeat: Option<Duration>) {
    let mut heads = site.ledger.follow();
    let mut watching = interval(WATCH);
    let mut erasing = interval(ERASE_AGAIN);
    watching.set_missed_tick_behavior(MissedTickBehavior::Delay);
    erasing.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let quiet = heartbeat.map(|heartbeat| heartbeat.saturating_sub(site.checkpoint_age()));
        let ended = tokio::select! {
            changed = heads.changed() => {
                site.note_checkpoint();
                changed.is_err()
            }
            () = sleep(quiet.unwrap_or_default()), if quiet.is_some() => seal(&site).await,
            _ = watching.tick() => {
                site.measurements.tidy();
                has_ended(&site).await
            }
            _ = erasing.tick() => {
                erase_again(&site).await;
                false
            }
        };
        if ended {
            tracing::error!(
                "the ledger's writer has stopped: ending the process, so that opening it again can tell why"
            );
            stopped.send_replace(Some(Stop::WriterEnded));
            return;
        }
    }
}

/// Seals an empty batch; whether the writer has ended.
async fn seal(site: &Site) -> bool {
    match site.ledger.seal().await {
        Ok(()) => {
            site.note_checkpoint();
            tracing::info!(size = site.ledger.published().checkpoint.size.0, "sealed an empty batch");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "no empty batch was sealed");
            sleep(WATCH).await;
            has_ended(site).await
        }
    }
}

async fn has_ended(site: &Site) -> bool {
    // A writer that is busy has not ended.
    matches!(timeout(WATCH, site.ledger.ping()).await, Ok(Err(_)))
}

/// Finishes erasures whose bytes a reader held.
async fn erase_again(site: &Site) {
    let pending = || site.erasures_pending.lock().expect("nobody panics while holding it");
    let targets = pending().clone();
    for target in targets {
        match site.ledger.finish_erasures(target).await {
            Ok(Scrubbed::Clean) => {
                pending().remove(&target);
                tracing::info!(notice = target.0, "no file of the ledger holds the erased bytes any more");
            }
            Ok(scrubbed) => tracing::warn!(notice = target.0, ?scrubbed, "erased bytes are still in a file"),
            Err(error) => tracing::warn!(notice = target.0, %error, "erased bytes are still in a file"),
        }
    }
}
