//! `check`: what the rules will say about a notice before it is signed.

use std::path::Path;

use ledger::Reader;
use ledger::draft::Draft;
use ledger::publisher::SealOrder;
use serde_json::json;
use verifier::lifecycle::facts::Project;

use crate::args::Check;
use crate::failure::Failure;
use crate::foresight::{DEFAULT_JURISDICTION, Foresight};
use crate::output::{Output, read};

/// Says what the rules will say. Exit 0 if the notice would break none, 3 if it would.
pub(crate) async fn check(arguments: &Check, output: Output) -> Result<u8, Failure> {
    let draft = Draft::parse(&read(&arguments.draft)?).map_err(Failure::from)?;
    let orders = arguments.seal.iter().map(|order| SealOrder::parse(order));
    let seals = orders.collect::<Result<Vec<_>, _>>().map_err(Failure::refused)?;
    let (foresight, mut project) = if arguments.dir == Path::new("-") {
        (Foresight::shipped(DEFAULT_JURISDICTION)?, Project::new(draft.project.as_str(), 0))
    } else {
        let reader = Reader::open(&arguments.dir).await?;
        let asked = (Foresight::of_ledger(&reader).await?, reader.project(&draft.project).await?);
        reader.close().await;
        asked
    };
    let remarks = foresight.look(&mut project, &draft, &seals)?;
    let breaks = remarks.iter().filter(|remark| remark.breaks()).count();
    let warns = remarks.iter().filter(|remark| remark.warns()).count();
    let mut text: String = remarks.iter().map(|remark| remark.line(output) + "\n").collect();
    text += &output
        .pick(
            "将违反 {b} 条规则，共 {w} 条提示（未改动账本）",
            "would break {b} rules; {w} remarks in all (nothing was changed)",
        )
        .replace("{b}", &breaks.to_string())
        .replace("{w}", &warns.to_string());
    let json = json!({ "notice_id": draft.notice_id, "project": draft.project.as_str(), "breaks": breaks,
        "remarks": remarks.iter().map(crate::foresight::Remark::json).collect::<Vec<_>>() });
    output.print(&text, &json);
    Ok(if breaks == 0 { 0 } else { 3 })
}
