//! `init`: a new ledger, its three keys, and a policy that trusts it.

use std::fs;
use std::path::Path;

use ledger::PrivateKey;
use ledger::{InitOptions, Ledger, Reader};
use serde_json::json;

use crate::args::Init;
use crate::clock::now;
use crate::failure::Failure;
use crate::law::{self, Shipped};
use crate::output::Output;

/// The root key's file in the ledger's directory.
pub(crate) const ROOT_KEY: &str = "root.key";
/// The recovery key's file in the ledger's directory.
pub(crate) const RECOVERY_KEY: &str = "recovery.key";
/// The trust policy's file in the ledger's directory.
pub(crate) const POLICY: &str = "policy.txt";

/// Makes a ledger in an empty directory.
pub(crate) async fn init(arguments: &Init, output: Output) -> Result<u8, Failure> {
    let dir = &arguments.dir;
    let (root, recovery) = (PrivateKey::generate()?, PrivateKey::generate()?);
    let options = InitOptions {
        origin: arguments.origin.clone(),
        jurisdiction: arguments.jurisdiction.clone(),
        guard: arguments.guard.clone(),
        root: root.jwk().clone(),
        recovery: recovery.jwk().clone(),
        predecessor: String::new(),
    };
    let head = Ledger::init(dir, options).await?;
    root.write(&dir.join(ROOT_KEY))?;
    recovery.write(&dir.join(RECOVERY_KEY))?;
    let log_key = PrivateKey::read(&dir.join(ledger::LOG_KEY))?.log_vkey(&arguments.origin)?;
    let policy = dir.join(POLICY);
    fs::write(&policy, policy_text(&log_key.to_string())).map_err(|error| Failure::file(&policy, &error))?;
    let recorded = if arguments.no_rulebook {
        Shipped { rulebook: None, years: Vec::new() }
    } else {
        let ledger = Ledger::open(dir).await?;
        let recorded = law::record_shipped(&ledger, &arguments.jurisdiction, &root, now()).await?;
        ledger.close().await;
        recorded
    };
    let size = if recorded.rulebook.is_some() { newest_size(dir).await? } else { head.checkpoint.size.0 };
    let json = json!({
        "origin": arguments.origin, "jurisdiction": arguments.jurisdiction, "size": size,
        "rulebook": recorded.rulebook.as_ref().map(|(version, _)| version), "calendar_years": recorded.years,
        "log_key": log_key.to_string(), "root_kid": root.jwk().kid_text(), "recovery_kid": recovery.jwk().kid_text(),
        "policy": policy, "offline": [dir.join(ROOT_KEY), dir.join(RECOVERY_KEY)],
    });
    let text = format!("{}\n{}", said(dir, &log_key.to_string(), output), said_law(&recorded, output));
    output.print(&text, &json);
    Ok(0)
}

async fn newest_size(dir: &Path) -> Result<u64, Failure> {
    let reader = Reader::open(dir).await?;
    let head = reader.head().await?;
    reader.close().await;
    Ok(head.checkpoint.size.0)
}

fn said_law(recorded: &Shipped, output: Output) -> String {
    let Some((version, rules)) = &recorded.rulebook else {
        return output.pick("未记录规则：全流程不作判断", "no rulebook recorded: lifecycles are not judged").to_owned();
    };
    let years = recorded.years.first().zip(recorded.years.last());
    let years = years.map_or_else(String::new, |(first, last)| format!("{first}–{last}"));
    output
        .pick(
            "已记录规则 {version}（{rules} 条）和日历 {years}",
            "recorded rulebook {version} ({rules} rules) and calendars {years}",
        )
        .replace("{version}", version)
        .replace("{rules}", &rules.to_string())
        .replace("{years}", &years)
}

/// A C2SP trust policy that trusts this log and asks for no witness.
pub(crate) fn policy_text(log_key: &str) -> String {
    format!("log {log_key}\nquorum none\n")
}

fn said(dir: &Path, log_key: &str, output: Output) -> String {
    let dir = dir.display();
    output
        .pick(
            "已建立账本 {dir}\n  日志公钥  {key}\n  policy.txt  核验者使用的信任策略（quorum none：尚无见证）\n  log.key     留在本机：每批都用它签署\n\
             请立即将下列两个密钥移到离线介质，并从本机删除：\n  root.key      登记发布主体、规则与日历。得到它的人可以冒充任何主体录入。\n\
             \x20 recovery.key  只用于在 root.key 丢失或被盗后指定新的根密钥。与 root.key 分开保管。",
            "made a ledger in {dir}\n  log key     {key}\n  policy.txt  the trust policy for verifiers (quorum none: no witnesses yet)\n  log.key     stays on this machine: it signs every batch\n\
             Move these two keys offline now and delete them here:\n  root.key      enrols publishers, rules and calendars. Whoever has it can record in anyone's name.\n\
             \x20 recovery.key  only names a new root key once root.key is lost or stolen. Keep it apart from root.key.",
        )
        .replace("{dir}", &dir.to_string())
        .replace("{key}", log_key)
}
