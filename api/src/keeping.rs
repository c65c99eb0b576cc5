//! `export`, `fsck`, `seal`, `backup`: keeping a ledger.

use indicatif::{ProgressBar, ProgressStyle};
use ledger::{Ledger, Reader};
use serde_json::json;

use crate::args::{Dir, Target};
use crate::failure::Failure;
use crate::output::{Output, plain};

fn bar(output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn advance(bar: &ProgressBar) -> impl FnMut(u64, u64) + '_ {
    |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    }
}

/// Exports the static tree.
pub(crate) async fn export(arguments: &Target, output: Output) -> Result<u8, Failure> {
    let reader = Reader::open(&arguments.dir).await?;
    let bar = bar(output);
    let exported = reader.export(&arguments.out, &mut advance(&bar)).await;
    bar.finish_and_clear();
    let exported = exported?;
    reader.close().await;
    let text = format!(
        "{} {} · {} {} · {} {} → {}",
        output.pick("已导出，账本大小", "exported, size"),
        exported.size,
        output.pick("新写文件", "files written"),
        exported.written,
        output.pick("未变", "unchanged"),
        exported.kept,
        arguments.out.display()
    );
    output.print(
        &text,
        &json!({ "size": exported.size, "written": exported.written, "kept": exported.kept, "out": arguments.out }),
    );
    Ok(0)
}

/// Seals an empty batch.
pub(crate) async fn seal(arguments: &Dir, output: Output) -> Result<u8, Failure> {
    let ledger = Ledger::open(&arguments.dir).await?;
    ledger.seal().await?;
    let head = ledger.head().await?;
    ledger.close().await;
    let text = format!(
        "{} {} · {}",
        output.pick("已封，账本大小", "sealed, size"),
        head.checkpoint.size,
        head.checkpoint.root
    );
    output.print(&text, &json!({ "size": head.checkpoint.size.0, "root": head.checkpoint.root.to_string() }));
    Ok(0)
}

/// Re-derives everything from the entries.
pub(crate) async fn fsck(arguments: &Dir, output: Output) -> Result<u8, Failure> {
    let bar = bar(output);
    let report = ledger::fsck(&arguments.dir, &mut advance(&bar)).await;
    bar.finish_and_clear();
    let report = report?;
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(
            |f| json!({ "table": f.table, "row": f.row, "column": f.column, "expected": f.expected, "found": f.found }),
        )
        .collect();
    let json = json!({ "entries": report.entries, "checkpoints": report.checkpoints, "findings": findings });
    let counted = format!(
        "{} {} · {} {}",
        output.pick("条目", "entries"),
        report.entries,
        output.pick("检查点", "checkpoints"),
        report.checkpoints
    );
    let Some(first) = report.findings.first() else {
        output.print(&format!("{} · {counted}", output.pick("自检通过", "clean")), &json);
        return Ok(0);
    };
    let text = format!(
        "{}: {} {} · {}\n  {} {}\n  {} {}\n{counted}",
        output.pick("发现不符", "found a difference"),
        first.table,
        plain(&first.row),
        first.column,
        output.pick("应为", "expected"),
        plain(&first.expected),
        output.pick("实为", "found"),
        plain(&first.found),
    );
    output.print(&text, &json);
    Ok(1)
}

/// Writes a consistent copy.
pub(crate) async fn backup(arguments: &Target, output: Output) -> Result<u8, Failure> {
    let bar = bar(output);
    let head = ledger::backup(&arguments.dir, &arguments.out, &mut advance(&bar)).await;
    bar.finish_and_clear();
    let head = head?;
    let text = format!(
        "{} {} → {}\n{}",
        output.pick("已备份，账本大小", "backed up, size"),
        head.checkpoint.size,
        arguments.out.display(),
        output.pick(
            "备份不含密钥和回滚防护（guard.db）：两者须各自保管",
            "it holds neither keys nor the rollback guard (guard.db): keep those apart"
        ),
    );
    output.print(&text, &json!({ "size": head.checkpoint.size.0, "out": arguments.out }));
    Ok(0)
}
