//! A measurement, not a test: how long questions take over many notices.
//!
//! `MINGZHANG_NOTICES=1000000 cargo test --release -p ledger --lib index::measure -- --ignored --nocapture`

use std::ops::Range;
use std::time::{Duration, Instant};

use verifier::lifecycle::summary::{Group, Listings, MonthFigures, ProjectFigures, RemarkFigures, RuleFigures};
use verifier::lifecycle::verdict::{Outcome, StageStatus, Standing};
use verifier::record::code::{Sector, Stage};

use super::document::{Document, Meaning};
use super::follow::write_batch;
use super::{Filter, Index, NoticeFilter, Part, Words, figures};
use crate::ledger::{InitOptions, Ledger};
use crate::reader::Reader;
use crate::signer::PrivateKey;
use crate::store::row_id;

const DISTRICTS: [&str; 6] = ["江岸", "江汉", "硚口", "武昌", "洪山", "东西湖"];
const WORKS: [&str; 8] =
    ["道路改造", "排水管网", "学校新建", "医疗设备", "桥梁养护", "土地出让", "绿化提升", "信息系统"];

/// A notice with a title of some 30 and a text of some 400 characters, in which a few numbers and names are rare.
pub(super) fn document(n: u64) -> Document {
    let pick = |words: &[&'static str], by: u64| words[usize::try_from(n / by).unwrap_or(0) % words.len()];
    let (district, work) = (pick(&DISTRICTS, 1), pick(&WORKS, 7));
    let stage = Stage::ALL[usize::try_from(n % 5).unwrap_or(0) + 2].code();
    let project = format!("A4201002026{:08}", n / 4);
    let company = format!(
        "湖北{}{}建设有限公司",
        char::from_u32(0x4E00 + u32::try_from(n % 20_000).unwrap_or(0)).unwrap_or('一'),
        n % 997
    );
    let body =
        format!("{district}区{work}工程已经批准建设，项目编号{project}，现对该工程公开招标。投标人：{company}。")
            .repeat(6);
    Document {
        index: n,
        time: 1_780_000_000_000 + n * 1000,
        project_name: format!("武汉市{district}区{work}工程（{}标段）", n % 9),
        project,
        sector: Sector::ALL[usize::try_from(n % 4).unwrap_or(0)].code(),
        stage,
        region: format!("4201{:02}", 2 + n % 6),
        publisher: format!("centre-{}", n % 13),
        id: format!("N-{n}"),
        title: format!("武汉市{district}区{work}工程（{}标段）招标公告第{n}号", n % 9),
        names: company,
        ids: format!("N-{n}"),
        body,
        attachments: Vec::new(),
    }
}

/// An index of a ledger without notices.
pub(super) async fn empty() -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().expect("a directory");
    let [root, recovery] = [1, 2].map(|seed| PrivateKey::from_seed(&[seed; 32]).jwk().clone());
    let (origin, jurisdiction) = ("ledger.example/measure".to_owned(), "cn".to_owned());
    let options = InitOptions { origin, jurisdiction, guard: None, root, recovery, predecessor: String::new() };
    Ledger::init(dir.path(), options).await.expect("a ledger");
    let index = Index::open(&Reader::open(dir.path()).await.expect("a reader")).await.expect("an index");
    (dir, index)
}

pub(super) async fn fill(index: &Index, notices: Range<u64>) -> Duration {
    let begun = Instant::now();
    for first in notices.clone().step_by(1000) {
        write(index, (first..(first + 1000).min(notices.end)).map(document)).await;
    }
    begun.elapsed()
}

/// Indexes some notices in one transaction.
pub(super) async fn write(index: &Index, documents: impl IntoIterator<Item = Document>) {
    let meanings = documents.into_iter().map(Meaning::notice).collect();
    let mut writer = index.writer.lock().await;
    let mut transaction = sqlx::Connection::begin(&mut *writer).await.expect("a transaction");
    write_batch(&mut transaction, meanings).await.expect("a batch");
    transaction.commit().await.expect("a commit");
}

/// One project in a hundred broke a rule.
pub(super) async fn stand(index: &Index) {
    let mut writer = index.writer.lock().await;
    for table in ["project", "notice"] {
        let first = if table == "project" { "first" } else { "project" };
        let sql = format!(
            "UPDATE {table} SET standing = CASE WHEN {first} / 4 % 100 = 7 THEN 'violated' ELSE 'in-progress' END"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *writer).await.expect("standings");
    }
}

/// What a project adds to the statistics, of some 60 districts and 5,000 responsible units.
fn figures_of(n: u64) -> ProjectFigures {
    let rule = |rule: u64| {
        let outcome = if (n + rule).is_multiple_of(50) { Outcome::Violated } else { Outcome::Met };
        let figures = RuleFigures { outcomes: [(outcome, 1)].into(), ..RuleFigures::default() };
        (format!("con.rule.{rule}"), figures)
    };
    let month = i8::try_from(n % 12 + 1).unwrap_or(1);
    let on_time = MonthFigures { notices: 5, on_time: 4, late: n % 2, ..MonthFigures::default() };
    let year = 2024 + i16::try_from(n % 3).unwrap_or(0);
    let standing = if n.is_multiple_of(50) { Standing::Violated } else { Standing::InProgress };
    ProjectFigures {
        sector: Sector::ALL[usize::try_from(n % 4).unwrap_or(0)],
        region: Some(format!("4201{:02}", n % 60)),
        unit: format!("某市第{}局", n % 5000).into(),
        group: Group {
            projects: 1,
            lots: 1,
            notices: 5,
            standings: [(standing, 1)].into(),
            stages: [(StageStatus::OnTime, 4), (StageStatus::Late, n % 2)]
                .into_iter()
                .filter(|(_, n)| *n > 0)
                .collect(),
            outcomes: [(Outcome::Met, 18)].into(),
        },
        rules: (0..18).map(rule).collect(),
        months: [((year, month), on_time)].into(),
        listings: Listings { listed: 1, with_result: n % 2, both: n % 2, ..Listings::default() },
        remarks: RemarkFigures::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn figures_of_many_projects() {
    let projects: u64 = std::env::var("MINGZHANG_PROJECTS").map_or(200_000, |text| text.parse().expect("a number"));
    let (dir, index) = empty().await;
    index.load_figures().await.expect("figures");
    let begun = Instant::now();
    for first in (0..projects).step_by(1000) {
        let mut names = index.names.lock().await;
        let names = names.as_mut().expect("names");
        let mut writer = index.writer.lock().await;
        let mut transaction = sqlx::Connection::begin(&mut *writer).await.expect("a transaction");
        for n in first..(first + 1000).min(projects) {
            let figures = Some(figures_of(n));
            figures::write(&mut transaction, names, row_id(n), figures).await.expect("written");
        }
        transaction.commit().await.expect("a commit");
    }
    let each = begun.elapsed() / u32::try_from(projects).unwrap_or(1);
    let bytes = std::fs::metadata(dir.path().join(super::INDEX)).expect("a file").len();
    eprintln!("{projects} projects' figures written, {each:?} each, {} bytes each", bytes / projects);
    index.forget_figures();
    *index.names.lock().await = None;
    let begun = Instant::now();
    index.load_figures().await.expect("figures");
    eprintln!("read again in {:?}", begun.elapsed());
    let mut times = Vec::new();
    for n in 0..20 {
        index.add_figures(&[(None, Some(figures_of(n)))]);
        for part in [Part::default(), Part { sector: Some(Sector::ALL[0]), district: None }] {
            let begun = Instant::now();
            let figures = index.figures(&part).await.expect("figures").expect("figures");
            times.push(begun.elapsed());
            assert!(figures.tables[2].total > 0);
        }
    }
    times.sort();
    eprintln!(
        "figures and tables after a change: median {:?}, worst {:?}",
        times[times.len() / 2],
        times[times.len() - 1]
    );
    let mut times = Vec::new();
    for lists in [
        vec!["late"],
        vec!["rules:con.rule.7:violated", "district:420107"],
        vec!["unit:某市第4局", "late"],
        vec!["violated", "district:420111", "sector:land"],
    ] {
        let filter = Filter { lists: lists.into_iter().map(str::to_owned).collect(), ..Filter::default() };
        let begun = Instant::now();
        index.projects(&filter, None, 20).await.expect("a page");
        times.push(begun.elapsed());
    }
    eprintln!("lists of figures: {times:?}");
}

fn words(typed: &str) -> Option<Words> {
    (!typed.is_empty()).then(|| Words::parse(typed).expect("words"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn questions_over_many_notices() {
    let notices: u64 = std::env::var("MINGZHANG_NOTICES").map_or(1_000_000, |text| text.parse().expect("a number"));
    let (dir, index) = empty().await;
    let took = fill(&index, 0..notices).await;
    let bytes = std::fs::metadata(dir.path().join(super::INDEX)).expect("a file").len();
    eprintln!(
        "{notices} notices indexed, {:?} each, {} bytes each",
        took / u32::try_from(notices).unwrap_or(1),
        bytes / notices
    );
    stand(&index).await;
    let (mut all, mut with_facets) = (Vec::new(), Vec::new());
    for typed in [
        "",
        "武",
        "工程",
        "招标公告",
        "湖北",
        "道路改造工程",
        "东西湖 绿化",
        "A420100202600012345",
        "N-77777",
        "2026",
        "42",
        "不存在",
        "丁零",
        "公司 桥梁 洪山",
        "第999号",
        "建设有限公司",
    ] {
        let filters = [
            ("", Filter::default()),
            (
                "+ sector, region",
                Filter { sector: Some(Sector::ALL[1]), region: Some("420103".to_owned()), ..Filter::default() },
            ),
            ("+ violated", Filter { standing: Some(Standing::Violated), ..Filter::default() }),
        ];
        for (name, filter) in filters {
            let filter = NoticeFilter { shared: Filter { words: words(typed), ..filter }, project: None };
            let mut times: Vec<Duration> = Vec::new();
            for _ in 0..20 {
                let begun = Instant::now();
                index.notices(&filter, None, 20).await.expect("a page");
                times.push(begun.elapsed());
            }
            times.sort();
            let begun = Instant::now();
            index.notices_and_facets(&filter, None, 20).await.expect("a page");
            with_facets.push(begun.elapsed());
            eprintln!(
                "{typed} {name}: median {:?}, worst {:?}, with facets {:?}",
                times[10],
                times[19],
                begun.elapsed()
            );
            all.extend(times);
        }
    }
    all.sort();
    eprintln!("all questions: median {:?}, p99 {:?}", all[all.len() / 2], all[all.len() * 99 / 100]);
    with_facets.sort();
    eprintln!(
        "with facets: median {:?}, worst {:?}",
        with_facets[with_facets.len() / 2],
        with_facets[with_facets.len() - 1]
    );
}
