//! `report.json`: the same figures and rows for programs (`schema/report.schema.json`).

use serde_json::{Map, Value, json};
use verifier::explain::lifecycle_json;
use verifier::inspection::{Table, totals};
use verifier::lifecycle::shipped::is_shipped;

use super::{Findings, Inspection};

/// The file.
pub(super) fn report(inspection: &Inspection<'_>, findings: &Findings) -> String {
    let mut object = Map::new();
    let checkpoint = &inspection.head.checkpoint;
    object.insert("schema".into(), "mingzhang-report/v1".into());
    object.insert("as_of".into(), inspection.as_of.at.into());
    object.insert("clock".into(), if inspection.witnessed { "witnesses" } else { "ledger" }.into());
    object.insert(
        "head".into(),
        json!({ "origin": checkpoint.origin, "size": checkpoint.size.0, "root": checkpoint.root.to_string(),
            "cosigned_by": inspection.cosigners }),
    );
    object.insert("law".into(), lifecycle_json::law(inspection.chronicle.law(), is_shipped));
    let mut totals = totals(&findings.summary);
    let remarks = findings.summary.remarks;
    for (name, count) in [
        ("look_alikes", remarks.look_alikes),
        ("codes", remarks.codes),
        ("placeholders", remarks.placeholders),
        ("not_evidence", remarks.not_evidence),
        ("reposted", remarks.reposted),
        ("reposts", remarks.reposts),
    ] {
        totals.insert(name.into(), count.into());
    }
    object.insert("totals".into(), totals.into());
    object.insert("figures".into(), member(&findings.figures, Table::json_rows));
    // The projects one by one are in their CSV alone.
    let lists = findings.lists.iter().filter(|table| table.spec.key != "projects");
    object.insert("lists".into(), member(lists, |table| json!({ "total": table.total, "rows": table.json_rows() })));
    Value::Object(object).to_string() + "\n"
}

fn member<'t>(tables: impl IntoIterator<Item = &'t Table>, value: impl Fn(&Table) -> Value) -> Value {
    tables.into_iter().map(|table| (table.spec.key.to_owned(), value(table))).collect::<Map<_, _>>().into()
}
