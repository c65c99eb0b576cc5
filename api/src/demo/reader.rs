//! What a reader does with the demo's ledger: opens dossiers, reads their verdicts, and tries to cheat.

use std::path::{Path, PathBuf};

use ledger::Reader;
use serde_json::json;
use verifier::audit::Audit;
use verifier::dossier::{self, Dossier, DossierFile};
use verifier::explain::Explain as _;
use verifier::explain::lifecycle::{self as words, Named as _};
use verifier::lifecycle::AsOf;
use verifier::lifecycle::verdict::{Lifecycle as Verdict, Outcome, RuleOutcome};
use verifier::log::policy::Policy;
use verifier::record::subject::{ProjectId, Subject};

use super::Told;
use super::sample::{Lifecycle, Sample};
use crate::failure::Failure;
use crate::language::{Language, current};
use crate::output::{Output, plain, write};
use crate::publish::statement_of;

/// Who reads: with a policy, and an audit of the ledger behind it.
pub(super) struct Bidder<'a> {
    pub(super) dir: &'a Path,
    pub(super) reader: &'a Reader,
    pub(super) policy: &'a Policy,
    pub(super) audit: &'a Audit,
}

impl Bidder<'_> {
    /// Opens dossiers of a whole, a violated and an overdue lifecycle, and shows that leaving a notice out is found.
    pub(super) async fn read(&self, sample: &Sample, told: &mut Told) -> Result<(), Failure> {
        let mut first = None;
        for standing in ["complete", "violated", "overdue"] {
            let missing = || Failure::operational(format_args!("the sample has no lifecycle that is {standing}"));
            let lifecycle = sample.first(standing).ok_or_else(missing)?;
            let file = self.reader.dossier(&Subject::from(&lifecycle.project)).await?;
            let dossier = self.open(&file)?;
            let path = self.dir.join(format!("{}.dossier.json", lifecycle.project));
            write(&path, file.format().as_bytes())?;
            tell(&dossier, lifecycle, path, told)?;
            first = first.or(Some((lifecycle.project.clone(), file)));
        }
        if let Some((project, file)) = first {
            let error = self.cheat(&file)?;
            told.step(
                &format!("把 {project} 案卷中的一份公告抽掉、计数也改好：核验者拒绝\n     {error}"),
                &format!("left one notice out of the dossier of {project} and mended the counts: the verifier refuses\n     {error}"),
                json!({ "project": project.as_str(), "rejected": error }),
            );
        }
        self.prove_absence(told).await
    }

    fn open(&self, file: &DossierFile) -> Result<Dossier, Failure> {
        dossier::verify(file, self.policy, |size, root| self.audit.root_at(size) == Some(root))
            .map_err(Failure::refused)
    }

    async fn prove_absence(&self, told: &mut Told) -> Result<(), Failure> {
        let absent = ProjectId::normalise("SL-NO-SUCH-PROJECT").map_err(Failure::from)?;
        let proof = self.reader.absence(&Subject::from(&absent)).await?;
        self.open(&proof)?;
        let bytes = proof.format().len();
        told.step(
            &format!("账本从未录入的项目 {absent}：缺失证明 {bytes} 字节，成立"),
            &format!("a project never recorded, {absent}: an absence proof of {bytes} bytes, which holds"),
            json!({ "bytes": bytes }),
        );
        Ok(())
    }

    /// Leaves the last notice out and mends what can be mended; gives back what the verifier says.
    fn cheat(&self, file: &DossierFile) -> Result<String, Failure> {
        let mut file = file.clone();
        let part = &mut file.subjects[0];
        let Some(left_out) = part.entries.as_mut().and_then(Vec::pop) else {
            return Err(Failure::operational("an empty dossier"));
        };
        part.state.count -= 1;
        if let Some(stage) =
            statement_of(&left_out.entry).as_ref().and_then(|statement| statement.notice()).map(|notice| notice.stage)
        {
            part.state.tally.set(stage, part.state.tally.of(stage) - 1);
        }
        if let Some(last) = part.entries.as_ref().and_then(|entries| entries.last()) {
            part.state.head = verifier::record::entry::entry_hash(&last.entry);
        }
        match dossier::verify(&file, self.policy, |_, _| true) {
            Err(error) => Ok(match current() {
                Language::Zh => error.zh(),
                Language::En => error.to_string(),
            }),
            Ok(_) => Err(Failure::refused("a dossier with a notice left out was accepted")),
        }
    }
}

/// Says how a lifecycle stands as of its day, and of the gravest rule that is not kept the arithmetic and the article.
fn tell(dossier: &Dossier, lifecycle: &Lifecycle, path: PathBuf, told: &mut Told) -> Result<(), Failure> {
    let head = dossier.sealed_at.0 / 1000;
    let at = i64::try_from(lifecycle.as_of.min(head)).map_err(Failure::operational)?;
    let law = dossier.law();
    let verdict = dossier.judge(&law, AsOf { at, quorum: false });
    if verdict.standing.code() != lifecycle.standing {
        return Err(Failure::operational(format_args!("{} is {}", lifecycle.project, verdict.standing.code())));
    }
    let (output, standing) = (told.output, verdict.standing.name());
    let title = plain(name(dossier).unwrap_or_default());
    let line = |standing: &str, of: &str| format!("{} {title}: {standing}{of}", lifecycle.project);
    let more = broken(&verdict).map_or_else(|| stages(&verdict, output), |found| rule(found, output));
    let at = words::moment(at);
    told.step(
        &format!("案卷完整、未改动：{}\n{more}", line(&standing.zh, &format!("（截至 {at}）")).replacen(": ", "：", 1)),
        &format!("dossier intact and whole: {}\n{more}", line(&standing.en, &format!(" (as of {at})"))),
        json!({ "project": lifecycle.project.as_str(), "standing": verdict.standing.code(), "as_of": lifecycle.as_of,
            "shows": { "zh": lifecycle.shows.0, "en": lifecycle.shows.1 },
            "broken": broken(&verdict).map(|found| found.rule.id.as_str()), "file": path }),
    );
    Ok(())
}

/// The project's name, as its first notice gives it.
fn name(dossier: &Dossier) -> Option<&str> {
    let first = dossier.own_entries().find_map(|(_, recorded)| recorded.statement.as_ref()?.notice())?;
    first.claims.member("project")?.as_object()?.member("name")?.as_str()
}

/// The gravest rule that is not kept.
fn broken<'v>(verdict: &'v Verdict<'_>) -> Option<&'v RuleOutcome<'v>> {
    let all = verdict.lots.iter().flat_map(|lot| &lot.outcomes);
    all.filter(|found| found.outcome >= Outcome::Overdue).max_by_key(|found| found.outcome)
}

/// The stages in their order.
fn stages(verdict: &Verdict<'_>, output: Output) -> String {
    let rows = verdict.lots.iter().flat_map(|lot| &lot.stages);
    let names: Vec<&str> = rows.map(|row| output.pick(row.stage.zh(), row.stage.en())).collect();
    format!("     {}", names.join(" → "))
}

/// What a rule asks, where the law says so, and how it was computed.
fn rule(found: &RuleOutcome<'_>, output: Output) -> String {
    let (title, basis, outcome) = (&found.rule.title, words::basis(&found.rule.basis), found.outcome.name());
    let arithmetic = found.decisive().and_then(|finding| finding.arithmetic.as_ref()).map(words::arithmetic);
    let arithmetic = arithmetic.unwrap_or_default();
    let pick = |text: &verifier::lifecycle::rulebook::Text| output.pick(&text.zh, &text.en).to_owned();
    let [outcome, title, basis, arithmetic] = [&outcome, title, &basis, &arithmetic].map(pick);
    let asks = output.pick("【{outcome}】{title}（{basis}）", "[{outcome}] {title} ({basis})");
    let asks = asks.replace("{outcome}", &outcome).replace("{title}", &title).replace("{basis}", &basis);
    format!("     {asks}\n     {arithmetic}")
}
