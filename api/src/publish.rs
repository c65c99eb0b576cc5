//! `publish`, `reveal`, `erase`: one statement at a time, by a person at a desk.

use std::fs;
use std::path::{Path, PathBuf};

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder, Withheld, digests_of_field, disclosed_fields, may_be_erased, says_the_same};
use ledger::{Reader, Recorded, Scrubbed};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use verifier::log::hash::{Hash, hex};
use verifier::log::index::LeafIndex;
use verifier::record::disclosure::{Shown, check_notice};
use verifier::record::entry::{Body, Entry};
use verifier::record::notice::Notice;
use verifier::record::statement::{Content, Statement};

use crate::args::{Erase, Publish, Reveal};
use crate::authority;
use crate::books::{Books, Erased, Place, Placed, blocking};
use crate::clock::now;
use crate::failure::Failure;
use crate::foresight::{Adviser, Remark};
use crate::keys;
use crate::output::{Output, plain, read, write, write_private};

/// The largest attachment, in bytes.
const MAX_ATTACHMENT: u64 = 1 << 30;
/// What `format` says in the file of withheld values.
const SEALED_FORMAT: &str = "mingzhang-sealed/v1";

/// Signs one draft and records it.
pub(crate) async fn publish(arguments: &Publish, output: Output) -> Result<u8, Failure> {
    let (place, draft) = arguments.place_and_draft();
    let text = read(&draft)?;
    Draft::parse(&text).map_err(Failure::from)?;
    let attachments = arguments.attach.iter().map(|path| hash_attachment(path)).collect::<Result<Vec<_>, _>>()?;
    let draft = Draft::parse(&with_attachments(&text, &attachments)?).map_err(Failure::from)?;
    let seals = arguments
        .seal
        .iter()
        .map(|order| SealOrder::parse(order))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::refused)?;
    let key = keys::load(&arguments.issuer.key, output)?;
    let books = Books::open(&place).await?;
    let origin = books.origin();
    let desk = Desk { iss: &arguments.issuer.publisher, key: &key, origin: &origin, now: now() };
    let (statement, withheld) = desk.notice(&draft, &seals, arguments.publish_reserve).map_err(Failure::from)?;
    let remarks = Adviser::of(&books).await?.advise(&draft, &seals).await?;
    warn(&remarks, arguments.strict, output)?;
    // Here attachments are kept first, so that no notice names a file that is not there; there a notice must name them first.
    let kept = match &place {
        Place::Dir(dir) => attachments.iter().map(|one| one.keep(dir)).collect::<Result<Vec<_>, _>>()?,
        Place::Url(_) => Vec::new(),
    };
    let sealed_out = arguments.sealed_out.as_deref().filter(|_| !withheld.is_empty());
    if let Some(path) = sealed_out {
        // Before the notice is recorded: afterwards nobody could make the value again.
        let file = sealed_file(&origin, &arguments.issuer.publisher, &draft, &withheld);
        write_private(path, file.as_bytes())?;
    }
    // If the outcome is unknown, both stay: the notice may have been recorded.
    let (index, new) = match books.submit(statement).await? {
        Placed::Recorded(index) => (index, true),
        Placed::Existing(index) => (index, false),
        Placed::Conflict(index, _) if says_same(books.entry(index).await?, &draft)? => {
            remove(sealed_out);
            (index, false)
        }
        Placed::Conflict(_, failure) | Placed::Refused(failure) => {
            remove(sealed_out.into_iter().chain(kept.iter().flatten().map(PathBuf::as_path)));
            return Err(failure);
        }
    };
    if let Books::There(remote) = &books {
        for one in attachments {
            let remote = remote.clone();
            blocking(move || remote.bring(&one.path, &one.sha256, index)).await?;
        }
    }
    if let Some(path) = &arguments.receipt {
        write(path, books.receipt(index).await?.as_bytes())?;
    }
    books.close().await;
    let json = json!({ "index": index.0, "new": new, "notice_id": draft.notice_id, "project": draft.project.as_str(), "receipt": arguments.receipt, "sealed": withheld.len() });
    output.print(&said(output, index, new, &draft, sealed_out), &json);
    Ok(0)
}

/// Says what the rules will say of the notice; with `strict`, one that would break a rule is refused.
fn warn(remarks: &[Remark], strict: bool, output: Output) -> Result<(), Failure> {
    if strict && remarks.iter().any(Remark::breaks) {
        let breaking = remarks.iter().filter(|remark| remark.breaks()).map(|remark| remark.sentence(output));
        return Err(Failure::refused(breaking.collect::<Vec<_>>().join(" ")));
    }
    let told = remarks.iter().filter(|remark| remark.warns());
    let said = told.map(|remark| remark.line(output)).collect::<Vec<_>>().join("\n");
    if !said.is_empty() {
        eprintln!("{said}");
    }
    Ok(())
}

/// Removes what was written for a notice that was not recorded.
fn remove<'a>(files: impl IntoIterator<Item = &'a Path>) {
    for file in files {
        let _ = fs::remove_file(file);
    }
}

fn said(output: Output, index: LeafIndex, new: bool, draft: &Draft, sealed_out: Option<&Path>) -> String {
    let done = if new {
        output.pick("已录入", "recorded")
    } else {
        output.pick("此前已录入，未重复录入", "recorded before, nothing new")
    };
    let mut text = format!(
        "{done} · #{index} · {} · {} · {}",
        draft.project,
        output.pick(draft.stage.zh(), draft.stage.en()),
        plain(&draft.notice_id)
    );
    if let (Some(path), true) = (sealed_out, new) {
        let keep = output.pick(
            "密封值只在此文件中（仅所有者可读），请妥善保管，启封时需要它",
            "the sealed value is in this file and nowhere else (its owner alone can read it); keep it for the reveal",
        );
        text += &format!("\n{}: {keep}", path.display());
    }
    text
}

/// Whether an entry says what the draft says.
pub(crate) fn says_same(recorded: Option<Recorded>, draft: &Draft) -> Result<bool, Failure> {
    let Some((notice, shown, _)) = recorded_notice(recorded)? else { return Ok(false) };
    Ok(says_the_same(draft, &notice, &shown))
}

/// The notice of an entry, what is shown beside it, and its subject; nothing if the entry holds no notice.
fn recorded_notice(recorded: Option<Recorded>) -> Result<Option<(Notice, Shown, String)>, Failure> {
    let Some(Recorded { entry, disclosures }) = recorded else { return Ok(None) };
    let Some(statement) = statement_of(&entry) else { return Ok(None) };
    let subject = statement.sub.to_string();
    let Content::Notice(notice) = statement.content else { return Ok(None) };
    let shown = check_notice(&notice, &disclosures).map_err(Failure::operational)?;
    Ok(Some((notice, shown, subject)))
}

/// The statement that an entry holds.
pub(crate) fn statement_of(entry: &str) -> Option<Statement> {
    match Entry::parse(entry).ok()?.body {
        Body::Statement { statement, .. } => Statement::parse(statement).ok(),
        _ => None,
    }
}

struct Attachment {
    path: PathBuf,
    name: String,
    size: u64,
    sha256: String,
}

fn hash_attachment(path: &Path) -> Result<Attachment, Failure> {
    let fail = |error: std::io::Error| Failure::file(path, &error);
    let mut file = fs::File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    if size > MAX_ATTACHMENT {
        return Err(Failure::said(
            format_args!("{}：附件至多 {MAX_ATTACHMENT} 字节，实为 {size}", path.display()),
            format_args!("{}: an attachment has at most {MAX_ATTACHMENT} bytes, this one has {size}", path.display()),
        ));
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).map_err(fail)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    let sha256 = hex(&hash.finalize());
    let name = path.file_name().map_or_else(|| "attachment".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Attachment { path: path.to_owned(), name, size, sha256 })
}

impl Attachment {
    fn claim(&self) -> Json {
        let media_type =
            match Path::new(&self.name).extension().and_then(|ext| ext.to_str()).map(str::to_lowercase).as_deref() {
                Some("pdf") => "application/pdf",
                Some("txt") => "text/plain",
                Some("html" | "htm") => "text/html",
                Some("zip") => "application/zip",
                Some("png") => "image/png",
                Some("jpg" | "jpeg") => "image/jpeg",
                Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                _ => "application/octet-stream",
            };
        json!({ "name": self.name, "media_type": media_type, "size": self.size, "sha256": self.sha256 })
    }

    /// Keeps the bytes beside the ledger, under their hash; gives the file if it was not there before.
    fn keep(&self, dir: &Path) -> Result<Option<PathBuf>, Failure> {
        let folder = dir.join("attachments");
        let target = folder.join(&self.sha256);
        if target.exists() {
            return Ok(None);
        }
        fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
        let partial = folder.join(format!(".{}.part", self.sha256));
        let copied = fs::copy(&self.path, &partial).and_then(|_| fs::File::open(&partial)?.sync_all());
        let moved = copied.and_then(|()| fs::rename(&partial, &target));
        moved.map(|()| Some(target.clone())).map_err(|error| Failure::file(&target, &error))
    }
}

fn with_attachments(text: &str, attachments: &[Attachment]) -> Result<String, Failure> {
    if attachments.is_empty() {
        return Ok(text.to_owned());
    }
    let mut draft: Json = serde_json::from_str(text).map_err(Failure::refused)?;
    let mut all = draft["attachments"].as_array().cloned().unwrap_or_default();
    all.extend(attachments.iter().map(Attachment::claim));
    draft["attachments"] = all.into();
    Ok(draft.to_string())
}

fn sealed_file(origin: &str, iss: &str, draft: &Draft, withheld: &[Withheld]) -> String {
    let sealed: Vec<Json> = withheld
        .iter()
        .map(|one| json!({ "field": one.field.code(), "until": one.until, "disclosure": one.disclosure }))
        .collect();
    let file = json!({ "format": SEALED_FORMAT, "origin": origin, "iss": iss, "notice_id": draft.notice_id, "project": draft.project.as_str(), "sealed": sealed });
    format!("{file}\n")
}

/// Reveals what a notice sealed, from the file that `publish --sealed-out` wrote.
pub(crate) async fn reveal(arguments: &Reveal, output: Output) -> Result<u8, Failure> {
    let (place, path) = arguments.place_and_file();
    let file: Json = serde_json::from_str(&read(&path)?)
        .map_err(|error| Failure::refused(format_args!("{}: {error}", path.display())))?;
    let text = |name: &str| file[name].as_str().map(str::to_owned);
    let malformed = || {
        Failure::said(
            format_args!("{}：应为 `publish --sealed-out` 写出的文件", path.display()),
            format_args!("{}: expected the file that `publish --sealed-out` wrote", path.display()),
        )
    };
    if text("format").as_deref() != Some(SEALED_FORMAT) {
        return Err(malformed());
    }
    let (iss, notice_id) = (text("iss").ok_or_else(malformed)?, text("notice_id").ok_or_else(malformed)?);
    let disclosures =
        file["sealed"].as_array().into_iter().flatten().map(|one| one["disclosure"].as_str().map(str::to_owned));
    let disclosures =
        disclosures.collect::<Option<Vec<String>>>().filter(|all| !all.is_empty()).ok_or_else(malformed)?;
    if iss != arguments.issuer.publisher {
        return Err(Failure::said(
            format_args!("`{iss}` 密封了此值，只有它能启封，`{}` 不能", arguments.issuer.publisher),
            format_args!("`{iss}` sealed this; only it can reveal it, not `{}`", arguments.issuer.publisher),
        ));
    }
    let key = keys::load(&arguments.issuer.key, output)?;
    let books = Books::open(&place).await?;
    let origin = books.origin();
    let target = find_in(&books, &notice_id, Some(&iss)).await?;
    let Some((_, _, subject)) = recorded_notice(books.entry(target).await?)? else { return Err(malformed()) };
    let desk = Desk { iss: &iss, key: &key, origin: &origin, now: now() };
    let jti = format!("reveal/{target}");
    let statement = desk.reveal(&jti, &subject, target, disclosures).map_err(Failure::from)?;
    let (index, new) = match books.submit(statement).await? {
        Placed::Recorded(index) => (index, true),
        Placed::Existing(index) | Placed::Conflict(index, _) => (index, false),
        Placed::Refused(failure) => return Err(failure),
    };
    books.close().await;
    let said =
        if new { output.pick("已启封", "revealed") } else { output.pick("此前已启封", "revealed before") };
    output
        .print(&format!("{said} · #{target} → #{index}"), &json!({ "index": index.0, "target": target.0, "new": new }));
    Ok(0)
}

/// The one notice of this id; where several publishers have one, the publisher must be said.
pub(crate) async fn find(reader: &Reader, notice: &str, publisher: Option<&str>) -> Result<LeafIndex, Failure> {
    let found = reader.find_notice(notice).await?.into_iter();
    the_one(found.map(|(index, iss)| (index, iss.as_str().to_owned())).collect(), notice, publisher)
}

/// As [`find`], wherever the ledger is.
async fn find_in(books: &Books, notice: &str, publisher: Option<&str>) -> Result<LeafIndex, Failure> {
    the_one(books.find_notice(notice).await?, notice, publisher)
}

fn the_one(mut found: Vec<(LeafIndex, String)>, notice: &str, publisher: Option<&str>) -> Result<LeafIndex, Failure> {
    if let Some(publisher) = publisher {
        found.retain(|(_, iss)| iss == publisher);
    }
    match found.as_slice() {
        [(index, _)] => Ok(*index),
        [] => Err(Failure::said(
            format_args!("没有编号为 `{}` 的公告", plain(notice)),
            format_args!("no notice `{}` is recorded", plain(notice)),
        )),
        several => {
            let publishers: Vec<&str> = several.iter().map(|(_, iss)| iss.as_str()).collect();
            Err(Failure::said(
                format_args!(
                    "多个主体都有编号为 `{}` 的公告，请用 --publisher 指明：{}",
                    plain(notice),
                    publishers.join(", ")
                ),
                format_args!(
                    "`{}` is a notice of several publishers; say --publisher: {}",
                    plain(notice),
                    publishers.join(", ")
                ),
            ))
        }
    }
}

/// Erases disclosures of a notice, and makes sure that their bytes are gone.
pub(crate) async fn erase(arguments: &Erase, output: Output) -> Result<u8, Failure> {
    let place = arguments.place();
    let (iss, key) = match &place {
        Place::Dir(dir) => authority::signer(dir, &arguments.signer, output)?,
        Place::Url(_) => authority::signer_of_file(&arguments.signer, output)?,
    };
    let books = Books::open(&place).await?;
    let target = find_in(&books, &arguments.notice, arguments.publisher.as_deref()).await?;
    let Some((notice, shown, subject)) = recorded_notice(books.entry(target).await?)? else {
        return Err(Failure::said(format_args!("第 {target} 条不是公告"), format_args!("entry {target} is no notice")));
    };
    let digests = digests_to_erase(&notice, &shown, &arguments.field, output)?;
    if digests.is_empty() {
        return erased_before(books, target, output).await;
    }
    let origin = books.origin();
    let desk = Desk { iss: &iss, key: &key, origin: &origin, now: now() };
    let jti = format!(
        "erasure/{target}/{}",
        verifier::log::base64::encode_url(
            &verifier::log::hash::sha256_parts(&digests.iter().map(|digest| &digest.0[..]).collect::<Vec<_>>()).0[..12]
        )
    );
    let statement = desk
        .erasure(&jti, &subject, target, &digests, &arguments.ground, &arguments.reason)
        .map_err(Failure::refused)?;
    let (placed, scrubbed) = books.erase(statement).await?;
    let index = match placed {
        Placed::Recorded(index) | Placed::Existing(index) | Placed::Conflict(index, _) => index,
        Placed::Refused(failure) => return Err(failure),
    };
    books.close().await;
    let said = output.pick(
        "已删除，目录内所有文件均已不含其内容；请重新导出静态账本",
        "erased; no file of the directory holds it any more: export again",
    );
    let json = json!({ "index": index.0, "target": target.0, "erased": digests.len() });
    said_of_erasure(output, scrubbed, &format!("{said} · #{target} → #{index}"), &json)
}

/// Everything named was erased before: what is left to do is to make sure that no byte of it is.
async fn erased_before(books: Books, target: LeafIndex, output: Output) -> Result<u8, Failure> {
    let json = json!({ "index": null, "target": target.0, "erased": 0 });
    let Books::Here(ledger) = &books else {
        // A server finishes its erasures itself.
        let said = output.pick("此前已删除，未重复录入", "erased before, nothing new is recorded");
        output.print(&format!("{said} · #{target}"), &json);
        return Ok(0);
    };
    let scrubbed = ledger.finish_erasures(target).await?;
    books.close().await;
    let said = output.pick(
        "此前已删除，未重复录入；账本数据库已重写，目录内所有文件均已不含该披露项",
        "erased before, nothing new is recorded; the ledger's database is written anew, and no file of the directory holds the disclosure",
    );
    said_of_erasure(output, Erased::Here(scrubbed), &format!("{said} · #{target}"), &json)
}

/// The digests of the fields named; none if all of them were erased before.
fn digests_to_erase(notice: &Notice, shown: &Shown, fields: &[String], output: Output) -> Result<Vec<Hash>, Failure> {
    let mut digests = Vec::new();
    for field in fields {
        let of_field = digests_of_field(notice, shown, field);
        if of_field.is_empty() && !may_be_erased(notice, shown, field) {
            let known = disclosed_fields(notice, shown).join(", ");
            let found = if known.is_empty() { output.pick("无", "none").to_owned() } else { known };
            return Err(Failure::said(
                format_args!("该公告没有可删除的字段 `{}`；可删除的有：{found}", plain(field)),
                format_args!("the notice has no field to erase `{}`; there are: {found}", plain(field)),
            ));
        }
        digests.extend(of_field);
    }
    digests.sort_unstable();
    digests.dedup();
    Ok(digests)
}

/// Says what became of the erased bytes.
fn said_of_erasure(output: Output, erased: Erased, text: &str, json: &Json) -> Result<u8, Failure> {
    let scrubbed = match erased {
        Erased::Here(scrubbed) => scrubbed,
        Erased::There { is_pending: false } => Scrubbed::Clean,
        Erased::There { is_pending: true } => {
            return Err(Failure::operational(output.pick(
                "删除已录入，服务器上尚有文件含原内容，服务器会继续清除：稍后再次运行同一命令即知",
                "the erasure is recorded, but a file of the server still holds the bytes; it goes on trying: run the same command again later",
            )));
        }
    };
    match scrubbed {
        Scrubbed::Clean => {
            output.print(text, json);
            Ok(0)
        }
        Scrubbed::HeldByReader => Err(Failure::operational(output.pick(
            "删除已录入，但有读取者仍持有旧快照，原内容还留在文件中：结束读取进程后再次运行同一命令",
            "the erasure is recorded, but a reader's snapshot keeps the bytes in a file: end the reading processes and run the same command again",
        ))),
        // Nobody must be told to remove the ledger itself.
        Scrubbed::Remains { file } if file.file_name().is_some_and(|name| name == "ledger.db") => {
            Err(Failure::operational(output.pick(
                "删除已录入，但账本的另一条目旁仍有同一披露项：请对该条目同样执行删除",
                "the erasure is recorded, but the very same disclosure stands beside another entry: erase it there, too",
            )))
        }
        Scrubbed::Remains { file } => Err(Failure::operational(format_args!(
            "{}: {}",
            file.display(),
            output.pick(
                "删除已录入，但此文件仍含原内容：请删除该文件后再次运行",
                "the erasure is recorded, but this file still holds the bytes: remove it and run the same command again",
            ),
        ))),
    }
}
