//! What a monitor says.

use super::super::lang::Lang;
use super::Message;

impl Message<'_> {
    pub(super) fn monitor(self, lang: Lang) -> String {
        match self {
            Self::Looked { time, size, new } => {
                say!(lang, "{time}  账本 {size} 条，新增 {new} 条", "{time}  {size} entries, {new} of them new")
            }
            Self::NothingToReport => {
                say!(lang, "账本与其所言相符，无事可报。", "The ledger is as it says; nothing to report.")
            }
            Self::Alert { kind, name, time, message } => {
                say!(lang, "警报 {time}【{name}】（{kind}）{message}", "ALERT {time} {name} ({kind}): {message}")
            }
            Self::Ended { kind, name, time } => {
                say!(lang, "解除 {time}【{name}】（{kind}）", "ended {time} {name} ({kind})")
            }
            Self::Undelivered { kind, why } => say!(
                lang,
                "警报（{kind}）没有送达：{why}；下次查看时再送",
                "an alert ({kind}) was not delivered: {why}; it is sent again at the next look"
            ),
            Self::CommandFailed { why } => {
                say!(lang, "--on-alert 的命令失败：{why}", "the command of --on-alert failed: {why}")
            }
            Self::CommandTooLong { seconds } => say!(
                lang,
                "--on-alert 的命令 {seconds} 秒还没有结束，已终止",
                "the command of --on-alert had not ended after {seconds} s and was killed"
            ),
            Self::WebhookFailed { why } => {
                say!(lang, "--webhook 的地址没有收下：{why}", "the address of --webhook did not take it: {why}")
            }
            Self::OutputFailed { why } => {
                say!(lang, "写不到标准输出：{why}", "standard output cannot be written: {why}")
            }
            other => other.watched(lang),
        }
    }

    fn watched(self, lang: Lang) -> String {
        match self {
            Self::Ahead { witness, seen, served, time } => say!(
                lang,
                "见证人 {witness} 在 {time} 已共签 {seen} 条的账本头，账本至今只示出 {served} 条",
                "witness {witness} cosigned a head of {seen} entries at {time}, and the ledger still shows only {served}"
            ),
            Self::ForkSeen { witness, size, found, expected } => say!(
                lang,
                "账本分叉：它向见证人 {witness} 示出的 {size} 条的根是 {found}，由审计过的条目算得 {expected}",
                "a fork: to witness {witness} the log showed the root {found} for {size} entries, the entries audited have {expected}"
            ),
            Self::Overdue { project, lot, stage, rule: [title, basis], due } => {
                overdue(project, lot, stage, [title, basis, due], lang)
            }
            Self::OverdueBefore { stages, projects } => say!(
                lang,
                "开始盯看时已有 {projects} 个项目的 {stages} 项逾期未公开（清单见 audit --report）；此后只报新增的",
                "when the watch began {stages} disclosures of {projects} projects were overdue already (audit --report lists them); \
                 from now on only new ones are told"
            ),
            other => other.watching(lang),
        }
    }

    fn watching(self, lang: Lang) -> String {
        match self {
            Self::WitnessSilent { witness, why } => {
                say!(lang, "问不到见证人 {witness}：{why}", "witness {witness} does not say what it has seen: {why}")
            }
            Self::NoMonitorOf { witness } => say!(
                lang,
                "--witness-monitor：策略里没有见证人 {witness}",
                "--witness-monitor: the policy has no witness {witness}"
            ),
            Self::Busy { path } => say!(
                lang,
                "另一个 monitor 正在使用 {path}；一个状态文件只能由一个进程使用",
                "another monitor is using {path}; a state is one process's at a time"
            ),
            Self::AuditForgotten { path, why } => say!(
                lang,
                "{path} 用不了（{why}），从头再审计一次；看过什么、报过什么仍然记得",
                "{path} cannot be used ({why}): the ledger is audited from the start; what was seen and told is still known"
            ),
            Self::NoCheckpoint => {
                say!(lang, "那里没有账本头（checkpoint）；地址对吗？", "there is no checkpoint; is the address right?")
            }
            _ => String::new(),
        }
    }
}

fn overdue(
    project: &str,
    lot: Option<&str>,
    stage: Option<&str>,
    [title, basis, due]: [&str; 3],
    lang: Lang,
) -> String {
    let lot = match (lot, lang) {
        (Some(lot), Lang::Zh) => format!("标段 {lot}，"),
        (Some(lot), Lang::En) => format!(", lot {lot}"),
        (None, _) => String::new(),
    };
    let stage = match (stage, lang) {
        (Some(stage), Lang::Zh) => format!("{stage}逾期未公开"),
        (Some(stage), Lang::En) => format!("{stage} is overdue"),
        (None, Lang::Zh) => "应公开而逾期未公开".to_owned(),
        (None, Lang::En) => "a disclosure is overdue".to_owned(),
    };
    say!(
        lang,
        "项目 {project}：{lot}{stage}，最迟 {due}。{title}（{basis}）",
        "project {project}{lot}: {stage}, it was due by {due}. {title} ({basis})"
    )
}
