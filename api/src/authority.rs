//! `enrol`, `rotate`, `revoke`, `rotate-log`, `rotate-root`: who may say what from now on.

use std::fs;
use std::path::Path;

use ledger::PrivateKey;
use ledger::SignedStatement;
use ledger::publisher::Desk;
use ledger::{LOG_KEY, Ledger, NEXT_LOG_KEY, Outcome};
use serde_json::json;
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Role, Sector, is_region_prefix};
use verifier::record::statement::Scope;

use crate::args::{Enrol, Revoke, RoleArgument, Rotate, RotateLog, RotateRoot, Signer};
use crate::clock::now;
use crate::failure::Failure;
use crate::init::{POLICY, RECOVERY_KEY, ROOT_KEY, policy_text};
use crate::keys;
use crate::output::{Output, write};

/// The next root key's file, until the ledger has recorded it.
const NEXT_ROOT_KEY: &str = "root.next.key";

/// Who signs: the root with the key in the directory, or whoever is named.
pub(crate) fn signer(dir: &Path, signer: &Signer, output: Output) -> Result<(String, PrivateKey), Failure> {
    let name = signer.signer.clone().unwrap_or_else(|| "root".to_owned());
    let path = signer.signer_key.clone().unwrap_or_else(|| dir.join(ROOT_KEY));
    Ok((name, keys::load(&path, output)?))
}

/// Who signs where there is no directory: the key must be said.
pub(crate) fn signer_of_file(signer: &Signer, output: Output) -> Result<(String, PrivateKey), Failure> {
    let Some(path) = &signer.signer_key else {
        return Err(Failure::said(
            "用 --url 时请以 --signer-key 指明签发密钥文件",
            "with --url, say the signer's key file with --signer-key",
        ));
    };
    Ok((signer.signer.clone().unwrap_or_else(|| "root".to_owned()), keys::load(path, output)?))
}

fn publisher_id(text: &str) -> Result<PublisherId, Failure> {
    let id = PublisherId::parse(text).filter(|id| !id.is_reserved());
    id.ok_or_else(|| {
        Failure::said(
            format_args!("`{text}` 不是主体编号：应为 [A-Za-z0-9._:-]{{1,64}}，且不是 root、recovery、log"),
            format_args!("`{text}` is no publisher id: expected [A-Za-z0-9._:-]{{1,64}}, not root, recovery or log"),
        )
    })
}

fn roles(roles: &[RoleArgument]) -> Vec<Role> {
    let mut roles: Vec<Role> = roles
        .iter()
        .map(|role| match role {
            RoleArgument::Publisher => Role::Publisher,
            RoleArgument::Supervisor => Role::Supervisor,
        })
        .collect();
    roles.sort();
    roles.dedup();
    roles
}

/// Sector codes; `all` stands for every one.
fn sectors(codes: &[String]) -> Result<Vec<Sector>, Failure> {
    if codes.iter().any(|code| code == "all") {
        return Ok(Sector::ALL.to_vec());
    }
    let known = || Sector::ALL.iter().map(|sector| sector.code()).collect::<Vec<_>>().join(", ");
    let read = |code: &String| {
        Sector::parse(code).ok_or_else(|| {
            Failure::said(
                format_args!("`{code}` 不是类别代码；可用：{}、all", known()),
                format_args!("`{code}` is no sector; known are: {}, all", known()),
            )
        })
    };
    let mut sectors = codes.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    sectors.sort();
    sectors.dedup();
    Ok(sectors)
}

/// Region prefixes; `all` stands for the empty one.
fn regions(prefixes: &[String]) -> Result<Vec<String>, Failure> {
    let read = |prefix: &String| match prefix.as_str() {
        "all" => Ok(String::new()),
        digits if is_region_prefix(digits) => Ok(digits.to_owned()),
        other => Err(Failure::said(
            format_args!("`{other}` 不是行政区划前缀：应为 GB/T 2260 的 2、4 或 6 位数字，或 all"),
            format_args!("`{other}` is no region prefix: expected 2, 4 or 6 digits of GB/T 2260, or all"),
        )),
    };
    let mut regions = prefixes.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    regions.sort();
    regions.dedup();
    Ok(regions)
}

/// Records one authority statement and says what became of it.
async fn record(ledger: &Ledger, statement: SignedStatement) -> Result<LeafIndex, Failure> {
    match ledger.submit(statement).await? {
        Outcome::Recorded(index) | Outcome::Existing(index) => Ok(index),
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

async fn next_seq(ledger: &Ledger, subject: &str) -> Result<u64, Failure> {
    Ok(ledger.subject_state(subject).await?.map_or(0, |state| state.count))
}

/// Enrols a publisher or a supervisor.
pub(crate) async fn enrol(arguments: &Enrol, output: Output) -> Result<u8, Failure> {
    let publisher = publisher_id(&arguments.publisher)?;
    let key = keys::public(&arguments.key, output)?;
    let scope = Scope {
        roles: roles(&arguments.role),
        sectors: sectors(&arguments.sector)?,
        regions: regions(&arguments.region)?,
    };
    let (iss, signing) = signer(&arguments.dir, &arguments.signer, output)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    if let Some(grant) = ledger.grant(&publisher) {
        if grant.jwk() == key && grant.name == arguments.name && grant.scope == scope {
            output.print(
                output.pick("已登记，无变化", "enrolled already, nothing changed"),
                &json!({ "publisher": publisher.as_str(), "changed": false }),
            );
            ledger.close().await;
            return Ok(0);
        }
        return Err(Failure::said(
            format_args!("`{publisher}` 已登记；更换密钥、名称或范围请用 `rotate`"),
            format_args!("`{publisher}` is enrolled already; `rotate` changes its key, name or scope"),
        ));
    }
    let seq = next_seq(&ledger, &format!("authority/{publisher}")).await?;
    let origin = ledger.origin();
    let desk = Desk { iss: &iss, key: &signing, origin: &origin, now: now() };
    let statement = desk.grant("enrol", seq, &publisher, &arguments.name, &key, &scope).map_err(Failure::from)?;
    let index = record(&ledger, statement).await?;
    ledger.close().await;
    let said = output.pick("已登记", "enrolled");
    output.print(
        &format!("{said} {publisher} {} · kid {} · #{index}", crate::output::plain(&arguments.name), key.kid_text()),
        &json!({ "publisher": publisher.as_str(), "changed": true, "index": index.0, "kid": key.kid_text() }),
    );
    Ok(0)
}

/// Changes a publisher's key, name or scope; what is not said stays.
pub(crate) async fn rotate(arguments: &Rotate, output: Output) -> Result<u8, Failure> {
    let publisher = publisher_id(&arguments.publisher)?;
    let (iss, signing) = signer(&arguments.dir, &arguments.signer, output)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    let Some(grant) = ledger.grant(&publisher) else {
        return Err(Failure::said(
            format_args!("`{publisher}` 尚未登记：请先 `enrol`"),
            format_args!("`{publisher}` is not enrolled: `enrol` it"),
        ));
    };
    let key = arguments.key.as_deref().map(|key| keys::public(key, output)).transpose()?.unwrap_or_else(|| grant.jwk());
    let name = arguments.name.clone().unwrap_or_else(|| grant.name.clone());
    let mut scope = grant.scope.clone();
    if !arguments.role.is_empty() {
        scope.roles = roles(&arguments.role);
    }
    if !arguments.sector.is_empty() {
        scope.sectors = sectors(&arguments.sector)?;
    }
    if !arguments.region.is_empty() {
        scope.regions = regions(&arguments.region)?;
    }
    let seq = next_seq(&ledger, &format!("authority/{publisher}")).await?;
    let origin = ledger.origin();
    let desk = Desk { iss: &iss, key: &signing, origin: &origin, now: now() };
    let statement = desk.grant("rotate", seq, &publisher, &name, &key, &scope).map_err(Failure::from)?;
    let index = record(&ledger, statement).await?;
    ledger.close().await;
    let said = output.pick("已更换", "rotated");
    output.print(
        &format!("{said} {publisher} · kid {} · #{index}", key.kid_text()),
        &json!({ "publisher": publisher.as_str(), "index": index.0, "kid": key.kid_text() }),
    );
    Ok(0)
}

/// Ends a publisher's authority.
pub(crate) async fn revoke(arguments: &Revoke, output: Output) -> Result<u8, Failure> {
    let publisher = publisher_id(&arguments.publisher)?;
    let (iss, signing) = signer(&arguments.dir, &arguments.signer, output)?;
    let ledger = Ledger::open(&arguments.dir).await?;
    let Some(grant) = ledger.grant(&publisher) else {
        return Err(Failure::said(
            format_args!("`{publisher}` 没有可注销的授权"),
            format_args!("`{publisher}` has no authority to end"),
        ));
    };
    let seq = next_seq(&ledger, &format!("authority/{publisher}")).await?;
    let origin = ledger.origin();
    let desk = Desk { iss: &iss, key: &signing, origin: &origin, now: now() };
    let statement = desk.revoke(seq, &publisher, &grant.name).map_err(Failure::from)?;
    let index = record(&ledger, statement).await?;
    ledger.close().await;
    output.print(
        &format!("{} {publisher} · #{index}", output.pick("已注销", "revoked")),
        &json!({ "publisher": publisher.as_str(), "index": index.0 }),
    );
    Ok(0)
}

/// Names the next log key. The key is in the directory before the statement that names it is recorded, and takes the place of
/// `log.key` after.
pub(crate) async fn rotate_log(arguments: &RotateLog, output: Output) -> Result<u8, Failure> {
    let dir = &arguments.dir;
    let root = keys::load(&arguments.root_key.clone().unwrap_or_else(|| dir.join(ROOT_KEY)), output)?;
    let next_path = dir.join(NEXT_LOG_KEY);
    let given = arguments.key.as_deref().map(|path| keys::load(path, output)).transpose()?;
    let made = next_key(&next_path, given)?;
    let next = PrivateKey::read(&next_path)?;
    let ledger = Ledger::open(dir).await?;
    let origin = ledger.origin();
    let vkey = next.log_vkey(&origin)?;
    let seq = next_seq(&ledger, "ledger").await?;
    let desk = Desk { iss: "root", key: &root, origin: &origin, now: now() };
    let recorded = record(&ledger, desk.next_log_key(seq, &vkey).map_err(Failure::from)?).await;
    ledger.close().await;
    let index = match recorded {
        Ok(index) => index,
        Err(failure) => {
            forget_refused(&next_path, made, &failure);
            return Err(failure);
        }
    };
    let log_path = dir.join(LOG_KEY);
    fs::rename(&next_path, &log_path).map_err(|error| Failure::file(&log_path, &error))?;
    let policy = dir.join(POLICY);
    let before = fs::read_to_string(&policy).unwrap_or_default();
    write(&policy, with_log_key(&before, &vkey.to_string()).as_bytes())?;
    let said = output.pick(
        "已更换日志密钥；policy.txt 同时列出新旧公钥，旧回执仍可核验：请告知所有核验者；若旧密钥被盗，请删去旧行",
        "rotated the log key; policy.txt lists the new key beside the old, so that older receipts still verify: tell every verifier, and remove the old line if the old key was stolen",
    );
    output.print(
        &format!("{said}\n{vkey} · #{index}"),
        &json!({ "log_key": vkey.to_string(), "index": index.0, "policy": policy }),
    );
    Ok(0)
}

/// Lays the next key into the directory before anything names it; whether it was not there yet. One that is there stays: a
/// rotation that was cut short may have named it.
fn next_key(path: &Path, given: Option<PrivateKey>) -> Result<bool, Failure> {
    if !path.exists() {
        given.map_or_else(PrivateKey::generate, Ok)?.write(path)?;
        return Ok(true);
    }
    let there = PrivateKey::read(path)?;
    if given.is_some_and(|given| given.jwk() != there.jwk()) {
        let path = path.display();
        return Err(Failure::said(
            format_args!("{path} 中已有另一把密钥，是上次未完成的更换留下的：请先不带 --key 完成那次更换"),
            format_args!(
                "{path} holds another key, left by a rotation that was cut short: finish that one first, without --key"
            ),
        ));
    }
    Ok(false)
}

/// After a refusal nothing names a key that was just made: it must not lie around as if something did. Where the outcome is not
/// known it stays, because without it the ledger could not go on.
fn forget_refused(path: &Path, made: bool, failure: &Failure) {
    if made && failure.code == 1 {
        let _ = fs::remove_file(path);
    }
}

/// A policy that trusts one more log key; a policy that is not there is made.
fn with_log_key(policy: &str, log_key: &str) -> String {
    if policy.lines().any(|line| line.split_whitespace().nth(1) == Some(log_key)) {
        return policy.to_owned();
    }
    if policy.trim().is_empty() { policy_text(log_key) } else { format!("log {log_key}\n{policy}") }
}

/// Names the next root key, with the recovery key.
pub(crate) async fn rotate_root(arguments: &RotateRoot, output: Output) -> Result<u8, Failure> {
    let dir = &arguments.dir;
    let recovery = keys::load(&arguments.recovery_key.clone().unwrap_or_else(|| dir.join(RECOVERY_KEY)), output)?;
    let next_path = dir.join(NEXT_ROOT_KEY);
    let (jwk, made) = match &arguments.key {
        Some(key) => (keys::public(key, output)?, false),
        None => {
            let made = next_key(&next_path, None)?;
            (PrivateKey::read(&next_path)?.jwk().clone(), made)
        }
    };
    let ledger = Ledger::open(dir).await?;
    let origin = ledger.origin();
    let seq = next_seq(&ledger, "ledger").await?;
    let desk = Desk { iss: "recovery", key: &recovery, origin: &origin, now: now() };
    let recorded = record(&ledger, desk.next_root(seq, &jwk).map_err(Failure::from)?).await;
    ledger.close().await;
    let index = match recorded {
        Ok(index) => index,
        Err(failure) => {
            forget_refused(&next_path, made, &failure);
            return Err(failure);
        }
    };
    if arguments.key.is_none() {
        let path = dir.join(ROOT_KEY);
        fs::rename(&next_path, &path).map_err(|error| Failure::file(&path, &error))?;
    }
    output.print(
        &format!("{} kid {} · #{index}", output.pick("已更换根密钥", "rotated the root key"), jwk.kid_text()),
        &json!({ "root_kid": jwk.kid_text(), "index": index.0 }),
    );
    Ok(0)
}
