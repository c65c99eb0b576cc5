//! Figures as tables: what an inspector's report (`mingzhang-verify audit --report`) and a ledger's own statistics both show of a
//! [`Summary`](crate::lifecycle::summary::Summary), cell by cell the same.
//!
//! | | |
//! |---|---|
//! | `table` | columns, rows and cells, for people and as JSON |
//! | `figures` | the tables of a summary |
//! | `charts` | what of them is drawn |
//! | `csv` | a table for spreadsheets |

pub mod charts;
pub mod csv;
pub mod figures;
pub mod table;

pub use figures::{tables, totals};
pub use table::{Cell, Column, Row, Spec, Table};

/// How to read the figures, in Chinese and English.
pub const NOTES: [(&str, &str); 4] = [
    (
        "完整：已办结，且每条规则都符合或不适用。到期环节：法律定有公开期限且期限已过，或已公开的环节；按时率、迟公开率、逾期率都以此为分母。",
        "Complete: closed, and every rule is met or asks nothing. Stages due: those with a lawful deadline that are disclosed or whose deadline has passed; the rates are parts of these.",
    ),
    (
        "违反：无论时间取界限内的哪一刻都不符合。时间界限内符合与否不定、证据不足或日历未记录的，为无法判定，不计为违反。",
        "Violated: broken wherever within its bounds an instant lies. What depends on that, lacks evidence, or needs a calendar that is not recorded is undetermined, not violated.",
    ),
    (
        "临界：只有按较宽的算法才足够（例如 72 小时已满，而末日是非工作日）。核对栏 L 为已读法条原文，P 为官方或二手页面，R 待律师确认，只作提示。",
        "Borderline: enough only under the more generous counting (72 hours, say, that end on a day off). Status L: read in the law; P: read in an official or secondary page; R: unconfirmed, a warning only.",
    ),
    (
        "责任单位为公告所列的采购人（招标人）或转让方（出让人），未列则为发布主体。证据条目为账本中的序号，可用案卷逐条核验。",
        "The responsible unit is the buyer or seller that a notice names, else the publisher. Entries are indices in the ledger; a dossier proves each.",
    ),
];
